"""Three fictional presenters: python render.py 1|2|3 [height] [samples] [picture] [zoom].

Needs bpy 5.0.1, scipy and scikit-image; pictures are half as wide again as they are high.
"""

import sys, os

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from core import *
from head import *
from scene import *
import hair as H, time

N = int(sys.argv[1])
RES = int(sys.argv[2]) if len(sys.argv) > 2 else 1024
SPP = int(sys.argv[3]) if len(sys.argv) > 3 else 128
OUT = sys.argv[4] if len(sys.argv) > 4 else f"{N}.png"
ZOOM = float(sys.argv[5]) if len(sys.argv) > 5 else 1
DENS = float(os.environ.get("DENS", "1"))
CAM = (0, -0.30, 10.0)


def mats():
    em, b, nt = mat("eye", Roughness=0.22, Subsurface_Weight=0.08, Subsurface_Scale=0.02)
    link_col(nt, b)
    return dict(
        eye=em, cornea=cornea_mat(), car=mat("car", Base_Color=hexc("c98a80"), Roughness=0.2)[0]
    )


def body_fn(sw=1.12, sy=-2.22, neck=0.34, chest=1.22, slope=0.30, bust=0.0):
    def f(p):
        q = p.copy()
        q[:, 0] = np.abs(q[:, 0])
        d = cap(p, (0, -1.1, -0.2), (0, -1.9, -0.32), neck * 0.97, neck * 1.1)
        d = smin(d, cap(q, (0.20, -1.80, -0.40), (sw, sy + 0.12, -0.38), slope * 0.72, 0.30), 0.30)
        d = smin(d, sph(q, (sw, sy, -0.36), 0.37), 0.2)
        d = smin(d, ell(p, (0, -3.0, -0.30), (chest, 1.05, 0.66)), 0.3)
        d = smin(
            d, cap(q, (sw + 0.10, sy - 0.1, -0.36), (sw + 0.28, -3.9, -0.28), 0.36, 0.33), 0.10
        )
        if bust:
            d = smin(d, ell(q, (0.46, -3.05, 0.12), (0.42, 0.42, 0.40)), 0.25)
        # collar bones
        return smin(d, cap(q, (0.10, -1.93, 0.02), (0.75, -1.86, -0.12), 0.045, 0.04), 0.10)

    return f


def garment(
    body,
    off,
    keep,
    col,
    mt,
    lo=(-2.3, -4.0, -1.3),
    hi=(2.3, -1.0, 1.1),
    h=0.02,
    shell=None,
    rnd=0.02,
):
    def fn(p):
        b = body(p)
        d = b - off if shell is None else np.abs(b - off) - shell
        return smax(d, keep(p), rnd)

    v, f = mesh(fn, lo, hi, h, band=3.2)
    return add_mesh("cloth", v, f, None, mt)


def fabric(
    name, c, rough=0.85, sheen=0.35, scale=220, strength=0.25, dist=0.004, kind="ShaderNodeTexNoise"
):
    m, b, nt = mat(
        name,
        Base_Color=hexc(c),
        Roughness=rough,
        Sheen_Weight=sheen,
        Sheen_Roughness=0.4,
        Specular_IOR_Level=0.25,
    )
    bump(nt, b, scale, strength, dist, kind)
    return m


def folds(body, amp=0.02, seed=1):
    return lambda p: (
        body(p)
        + amp * vnoise(p * np.array([2.2, 1.1, 2.2], F) + 7 * seed, seed) * sst(-1.7, -2.3, p[:, 1])
    )


V0 = np.array


def vneck(p, w, top, bot, bow=0.0):
    """signed distance of a V opening, front side only"""
    x = np.abs(p[:, 0])
    y = p[:, 1]
    d = poly2(
        x,
        y,
        [
            (-0.3, top + 0.6),
            (w, top + 0.6),
            (w, top),
            (w * (0.5 + bow), (top + bot) / 2),
            (0, bot),
            (-0.3, bot),
        ],
    )
    return np.maximum(d, -0.25 - p[:, 2])


def scalp_mask(zs, ys, soft=0.05, wob=0.03):
    def f(p):
        y = np.interp(p[:, 2], zs, ys)
        return sst(-soft, soft, p[:, 1] - y + wob * vnoise(p * 6, 9)).astype(F)

    return f


def bg_plane(z, col_top, col_bot, strength=1.0, y0=-9, y1=9, x=12):
    m = bpy.data.materials.new("bg")
    m.use_nodes = True
    nt = m.node_tree
    nt.nodes.clear()
    o = nt.nodes.new("ShaderNodeOutputMaterial")
    e = nt.nodes.new("ShaderNodeEmission")
    a = nt.nodes.new("ShaderNodeAttribute")
    a.attribute_name = "Col"
    nt.links.new(a.outputs["Color"], e.inputs[0])
    e.inputs[1].default_value = strength
    nt.links.new(e.outputs[0], o.inputs[0])
    n = 40
    yy = np.linspace(y0, y1, n)
    xx = np.linspace(-x, x, n)
    X, Y = np.meshgrid(xx, yy)
    v = np.stack([X, Y, np.full_like(X, z)], -1).reshape(-1, 3)
    t = sst(y0 * 0.38, y1 * 0.38, Y.ravel())[:, None]
    vig = (1 - 0.22 * (X.ravel() / x) ** 2)[:, None]
    c = (V0(hexc(col_bot)) * (1 - t) + V0(hexc(col_top)) * t) * vig
    i = np.arange(n * n).reshape(n, n)
    f = np.stack([i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]], -1).reshape(-1, 4)
    o = add_mesh("bg", v, f, c, m)
    o.visible_shadow = False
    o.visible_diffuse = False
    o.visible_glossy = False
    return o


def start(**k):
    kw = dict(
        res=RES,
        spp=SPP,
        cam=CAM,
        look=(0, -0.62, 0),
        width=5.6 * 1.5,
        fstop=0.24 * 4.7 / (5.6 * 1.5),
        focus=9.62,
    )
    kw.update(k)
    if ZOOM != 1:
        kw.update(
            width=kw["width"] / ZOOM,
            fstop=kw["fstop"] * ZOOM,
            look=(0, -0.25, 0),
            cam=(0, -0.25, 10.0),
        )
    return setup(**kw)


def head_all(h, pal, pose, body, rng, browkw, lashkw, browmat, lashmat):
    v, f, c = h.skin_world(pal, pose, body)
    add_mesh("skin", v, f, c, skin_mat())
    h.eyes(pal, pose, pose.h(V0([CAM])[0]), mats())
    h.lashes(rng, pose, lashmat, **lashkw)
    h.brows(rng, pose, browmat, **browkw)


t0 = time.time()
rng = np.random.default_rng(N)


def black(name="lash", c="120c0a"):
    return mat(name, Base_Color=hexc(c), Roughness=0.5)[0]


if N == 1:
    start(world=((0.92, 0.95, 1), 0.36), exposure=0.15)
    h = Head(
        asym=0.0,
        neck=0.29,
        jaw_w=0.52,
        chin_w=0.17,
        face_w=0.69,
        mw=0.295,
        ul=0.064,
        ll=0.080,
        eu=0.121,
        corner=0.088,
    )
    sm = scalp_mask(
        [-1.2, -0.6, -0.2, 0.0, 0.15, 0.35, 0.5, 0.62, 0.8],
        [-0.62, -0.5, -0.1, 0.0, 0.2, 0.46, 0.66, 0.78, 0.84],
    )
    pal = dict(
        skin="e2a884",
        blush="d46f5e",
        lid="a8624f",
        lid_k=0.45,
        liner="1d0f0c",
        liner_k=0.85,
        lip="b5474a",
        lipline="5e1d22",
        iris="4b2a12",
        iris2="8f5a26",
        limbal="120805",
        scalp="1a0f0b",
        scalp_mask=sm,
    )
    pose = Pose(yaw=-2, pitch=1, roll=1, drop=0.13)
    body = body_fn(sw=1.02, neck=0.29, chest=1.05, bust=1)
    hm = hair_mat("hair", hexc("2b1810"), rough=0.30, rand=0.09)
    head_all(
        h,
        pal,
        pose,
        body,
        rng,
        dict(th=0.032, arch=0.070, n=520, y=0.305, x0=0.13),
        dict(n=90, L=0.058, w=0.0032, low=False),
        hair_mat("brow", hexc("2e1b13")),
        black(),
    )
    # hair: side part, shoulder length
    col = lambda p: np.minimum(h.base(p), body(pose.w(p)))
    xp = 0.20
    lab = lambda r: np.sign(r[:, 0] - xp * sst(-0.9, 0.3, r[:, 2]))
    ng = 700
    R = H.roots(lambda p: h.base(p, False), lambda p: sm(p) > 0.5, ng, rng)
    L = lab(R)
    lay = rng.random(ng)

    def field(p, v, t):
        s = L
        up = sst(0.55, 1.2, p[:, 1])
        g = np.stack(
            [
                s * (1.1 * up)
                - 1.1
                * np.sign(p[:, 0])
                * sst(-0.80, -1.35, p[:, 1])
                * sst(0.2, 0.45, np.abs(p[:, 0])),
                -(0.75 + 0.9 * (1 - up)),
                -0.30 * sst(0.1, 0.6, p[:, 2]) * up + 0.02,
            ],
            -1,
        )
        return unit(g)

    def face(p):
        q = p.copy()
        F_ = F([0.02, -0.30, 0.78])
        r = F([0.80, 1.0, 0.72])
        e = (q - F_) / r
        k = np.sqrt((e**2).sum(1))
        m = (k < 1) & (q[:, 1] < 0.78)
        q[m, 0] = (
            q[m, 0]
            + np.sign(q[m, 0])
            * (
                np.sqrt(np.clip(1 - e[m, 1] ** 2 - e[m, 2] ** 2, 0, None)) * r[0]
                - np.abs(q[m, 0] - F_[0])
            )
            * 0.8
        )
        return q

    Lg = (2.20 + 0.12 * rng.random(ng)) - (1.0 - R[:, 1]).clip(0, 1.6) * 0.72
    G = H.grow(
        R,
        np.stack([L * 1.0, 0.35 * np.ones(ng), -0.15 + 0 * L], -1),
        Lg,
        26,
        field,
        col,
        lambda t: 0.035 + (0.06 + 0.07 * lay) * np.minimum(1, t * 3) * (1 - 0.30 * t),
        0.5,
        face,
        4.0,
    )
    G = H.smooth(G, 3)
    e = G[:, -7] - G[:, -1]
    ok = (e[:, 1] > 0.55 * np.linalg.norm(e, axis=1)) & (np.abs(G[:, -1, 0]) < 0.82)
    print("guides kept", ok.sum(), ng)
    G, L = G[ok], L[ok]
    nc = int(42000 * DENS)
    C = H.roots(lambda p: h.base(p, False), lambda p: sm(p), nc, rng)
    P = H.children(G, L, C, lab(C), rng, clumpc=420, clump=0.62, cpow=1.3, frizz=0.014, lenvar=0.10)
    add_hair("hair", P, 0.0058 / np.sqrt(DENS), hm, pose, tip=0.3)
    # clothes
    fb = folds(body, 0.022, 3)
    navy = fabric("blazer", "223a58", scale=160)
    cream = fabric("blouse", "efe6da", sheen=0.2, strength=0.1)
    garment(body, 0.035, lambda p: -vneck(p, 0.30, -1.55, -2.45, 0.08), None, cream)
    garment(fb, 0.085, lambda p: -vneck(p, 0.42, -1.45, -3.35, 0.12), None, navy)
    lap = lambda p: np.maximum(
        poly2(
            np.abs(p[:, 0]),
            p[:, 1],
            [
                (0.33, -1.45),
                (0.50, -1.56),
                (0.70, -2.0),
                (0.93, -2.10),
                (0.62, -2.75),
                (0.10, -3.40),
                (0.0, -3.45),
                (0.06, -3.2),
                (0.26, -2.55),
                (0.36, -2.0),
            ],
        ),
        -0.2 - p[:, 2],
    )
    garment(fb, 0.118, lap, None, navy, h=0.014, shell=0.020, rnd=0.015)
    # earrings / pendant
    gold = mat("gold", Base_Color=hexc("d9a857"), Metallic=1.0, Roughness=0.22)[0]
    # set
    bg_plane(-9, "fbfcfd", "e6edf3", 1.7)
    white = mat("w", Base_Color=hexc("eef1f4"), Roughness=0.8)[0]
    teal = mat("tl", Base_Color=hexc("7fb3b8"), Roughness=0.8)[0]
    wood = mat("wd", Base_Color=hexc("c79b6d"), Roughness=0.6)[0]
    green = mat("gr", Base_Color=hexc("5f9a63"), Roughness=0.6)[0]
    box("p", (-3.1, 0.6, -6.5), (1.7, 5.5, 0.2), teal)
    box("s", (3.0, -0.2, -6.2), (2.2, 0.10, 0.6), wood)
    box("s", (3.0, 1.2, -6.2), (2.2, 0.10, 0.6), wood)
    for i, (x, y, c) in enumerate(
        [
            (2.3, 0.25, "e0795b"),
            (2.55, 0.2, "f0c36b"),
            (2.8, 0.28, "5b8fb0"),
            (3.05, 0.18, "e9e4da"),
            (2.5, 1.6, "5b8fb0"),
            (2.75, 1.55, "e0795b"),
            (3.5, 1.62, "f0c36b"),
        ]
    ):
        box("b", (x, y, -6.1), (0.2, 0.75, 0.4), mat("bk", Base_Color=hexc(c), Roughness=0.7)[0])
    ball((3.5, 0.15, -6.0), 0.28, white)
    for a in np.linspace(0, 6.28, 12)[:-1]:
        ball(
            (3.5 + 0.25 * np.cos(a), 0.62 + 0.2 * np.sin(a * 1.7), -6 + 0.2 * np.sin(a)),
            0.2,
            green,
            (0.6, 1.3, 0.6),
        )
    lamp = emit("lamp", (1, 0.93, 0.82), 7.0)
    ball((-1.75, 1.75, -6.0), 0.22, lamp)
    ball((1.55, 1.9, -6.5), 0.14, lamp)
    area((-3.4, 3.0, 5.2), (0, -0.2, 0.3), 2.6, 560, (1, 0.96, 0.91))
    area((4.2, 0.4, 4.6), (0, -0.3, 0.2), 3.2, 120, (0.86, 0.93, 1))
    area((2.6, 2.8, -3), (0, 0, 0), 1.6, 520)
    area((-3.2, 2.2, -3), (0, -0.2, 0), 1.6, 380, (0.9, 0.95, 1))
    area((0, -3.2, 4.5), (0, -0.5, 0.3), 2.2, 60, (1, 0.95, 0.9))
    for x in (-4, 4):
        area((x * 0.8, 3.5, -4), (x * 0.6, 0, -7), 3, 220)
print("built", round(time.time() - t0, 1))
if N in (2, 3):
    exec(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), ["", "", "otto.py", "jun.py"][N])).read())
render(OUT)
