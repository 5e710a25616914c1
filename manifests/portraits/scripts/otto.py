# older man, grey beard, glasses, workshop
start(world=((1, 0.86, 0.70), 0.24), exposure=0.12)
h = Head(
    asym=0.0,
    neck=0.40,
    jaw_w=0.60,
    chin_w=0.22,
    face_w=0.73,
    mw=0.285,
    ul=0.044,
    ll=0.074,
    age=1.0,
    eu=0.107,
    el=0.070,
    eye_R=0.235,
    ew=0.212,
    iris=0.104,
    nose_r=0.125,
    nose_w=0.125,
    nose_z=0.98,
    bridge=0.072,
    cheek=0.31,
    brow_y=0.275,
    crease_d=0.014,
    corner=0.078,
    ear=1,
)
sm = scalp_mask(
    [-1.2, -0.7, -0.35, -0.1, 0.05, 0.2, 0.4, 0.6],
    [-0.60, -0.5, -0.1, 0.08, 0.30, 0.62, 0.92, 1.04],
    soft=0.07,
)
hx = lambda p: np.abs(p[:, 0])


def bm(p, hh=None):
    x = hx(p)
    y = p[:, 1]
    z = p[:, 2]
    w = 0.02 * vnoise(p * 8, 3)
    line = np.interp(
        x,
        [0, 0.09, 0.15, 0.29, 0.35, 0.5, 0.64, 0.74, 0.80],
        [-0.83, -0.84, -0.845, -0.80, -0.60, -0.50, -0.34, -0.10, 0.10],
    )
    b = sst(0.03, -0.03, y - line + w) * (z > -0.22) * (y > -1.32)
    top = np.interp(x, [0, 0.10, 0.22, 0.32, 0.38], [-0.525, -0.535, -0.565, -0.61, -0.70])
    bot = h.myl(p[:, 0] / h.mw) + np.interp(
        x, [0, 0.10, 0.27, 0.30, 0.4], [0.066, 0.066, 0.026, -0.10, -0.2]
    )
    m = sst(0.02, -0.02, y - top + w * 0.5) * (y > bot) * (x < 0.38) * (z > 0.3)
    s_ = (x > 0.70) * (y < 0.30) * (y > -0.35) * (z > -0.02) * (z < 0.17)
    return np.clip(np.maximum(np.maximum(b, m), s_), 0, 1).astype(F)


pal = dict(
    skin="dca27d",
    blush="cf6f55",
    blush_k=0.6,
    lid="b06a55",
    lid_k=0.35,
    liner="5a3a30",
    liner_k=0.6,
    lip="b5665a",
    lip_k=0.75,
    lipline="64302a",
    iris="54717c",
    iris2="8fa9a6",
    limbal="152530",
    scalp="8d8078",
    scalp_mask=sm,
    scalp_k=0.35,
    stubble="8f857d",
    stubble_mask=bm,
    stubble_k=0.55,
)
pose = Pose(yaw=2, pitch=1, roll=-1, drop=0.22)
body = body_fn(sw=1.20, neck=0.40, chest=1.28, slope=0.36)
gm = hair_mat("hair", hexc("a9a39c"), rough=0.38, rand=0.10)
bmt = hair_mat("beard", hexc("c0b9b0"), rough=0.42, rand=0.12)
head_all(
    h,
    pal,
    pose,
    body,
    rng,
    dict(th=0.050, arch=0.060, n=700, y=0.285, L=0.13, wild=0.25, x0=0.13, x1=0.56, w=0.0052),
    dict(n=60, L=0.036, w=0.0026, low=False),
    hair_mat("brow", hexc("8d867f"), rough=0.4),
    black("lash", "2a1d18"),
)
base = lambda p: h.base(p, False)
# hair: swept back
ng = 500
R = H.roots(base, lambda p: sm(p) > 0.5, ng, rng)
sd = np.tanh(R[:, 0] / 0.25)
lay = rng.random(ng)
low = sst(0.62, 0.25, R[:, 1])
fld = lambda p, v, t: unit(
    np.stack(
        [
            0.25 * sd * (1 - low),
            0.10 - 0.75 * low - 0.9 * sst(0.1, -0.7, p[:, 2]),
            -1.0 * np.ones(ng),
        ],
        -1,
    )
)
L = (0.60 - 0.40 * low) * (0.85 + 0.3 * rng.random(ng))
G = H.grow(
    R,
    np.stack([0.3 * sd, 0.9 * (1 - low) - 0.3 * low, -0.5 - 0.3 * low], -1),
    L,
    14,
    fld,
    base,
    lambda t: 0.02 + (0.03 + 0.11 * lay * (1 - 0.6 * low)) * np.minimum(1, t * 2.5),
    0.55,
    None,
    2.0,
)
G = H.smooth(G, 2)
nc = int(26000 * DENS)
C = H.roots(base, sm, nc, rng)
P = H.children(G, 0 * sd, C, np.zeros(nc), rng, clumpc=420, clump=0.55, frizz=0.016, lenvar=0.25)
add_hair("hair", P, 0.0056 / np.sqrt(DENS), gm, pose, tip=0.25)


# beard
def bl(p):
    x = hx(p)
    m = (p[:, 1] > -0.72) & (x < 0.38) & (p[:, 2] > 0.3)
    return m


ng = 800
R = H.roots(base, lambda p: bm(p) > 0.5, ng, rng, c=(0, -0.35, 0.1))
mu = bl(R)
sx = np.tanh(R[:, 0] / 0.07)
x = hx(R)
nrm = unit(grad(base, R, 0.01))
ch = sst(-0.55, -1.0, R[:, 1]) * sst(0.65, 0.2, x)
L = np.where(mu, 0.046 + 0.36 * x, 0.14 + 0.32 * ch) * (0.8 + 0.4 * rng.random(ng))
lay = rng.random(ng)
d0 = np.where(
    mu[:, None],
    np.stack([sx * (0.5 + x * 1.2), -0.55 + 0 * x, 0.25 + 0 * x], -1),
    nrm * 0.55 + np.stack([0 * x, -1.0 + 0 * x, 0.1 * ch], -1),
)
fld = lambda p, v, t: unit(
    np.where(
        mu[:, None],
        np.stack([sx * (0.45 + x), -1.05 + 0 * x, -0.1 + 0 * x], -1),
        np.stack([-0.45 * sx * x * ch * 2, -1.0 + 0 * x, 0.05 - 0.3 * t + 0 * x], -1),
    )
)
G = H.grow(
    R,
    d0,
    L,
    12,
    fld,
    base,
    lambda t: 0.012 + (0.03 + 0.07 * lay) * np.minimum(1, t * 2.0),
    0.6,
    None,
    0.5,
)
G = H.smooth(G, 1)
nc = int(24000 * DENS)
C = H.roots(base, bm, nc, rng, c=(0, -0.35, 0.1))
P = H.children(G, 5.0 * mu, C, 5.0 * bl(C), rng, clumpc=700, clump=0.55, frizz=0.022, lenvar=0.35)
add_hair("beard", P, 0.0056 / np.sqrt(DENS), bmt, pose, tip=0.25)
# glasses
gl, _, _ = mat("frame", Base_Color=hexc("3a2114"), Roughness=0.22, Coat_Weight=0.6)
lens = cornea_mat()
[setattr(n.inputs[0], "default_value", 1.12) for n in lens.node_tree.nodes if n.type == "FRESNEL"]
a = np.linspace(0, 2 * np.pi, 80, endpoint=False)
bend = lambda x: 0.885 - 0.20 * np.clip(np.abs(x) - 0.1, 0, None) ** 2
for sx_ in (-1, 1):
    ca, sa = np.cos(a), np.sin(a)
    X = sx_ * (0.362 + 0.272 * np.sign(ca) * np.abs(ca) ** 0.82)
    Y = -0.03 + 0.225 * np.sign(sa) * np.abs(sa) ** 0.85
    tube(np.stack([X, Y, bend(X)], -1), 0.0215, gl, pose, True)
    c0 = np.array([[sx_ * 0.362, -0.03, bend(0.362)]])
    V = np.concatenate([c0, np.stack([X, Y, bend(X)], -1)])
    i = np.arange(80)
    add_mesh("lens", V, np.stack([0 * i, 1 + i, 1 + (i + 1) % 80], -1), None, lens, pose)
    tube(
        V0(
            [
                [sx_ * 0.628, 0.06, bend(0.63)],
                [sx_ * 0.70, 0.07, bend(0.66) - 0.03],
                [sx_ * 0.80, 0.07, 0.55],
                [sx_ * 0.875, 0.06, 0.15],
                [sx_ * 0.90, 0.05, -0.10],
                [sx_ * 0.88, -0.05, -0.24],
            ]
        ),
        0.020,
        gl,
        pose,
    )
t = np.linspace(-1, 1, 16)
tube(
    np.stack([0.098 * t, 0.035 + 0.045 * (1 - t * t), 0.885 + 0.02 * (1 - t * t)], -1),
    0.020,
    gl,
    pose,
)
# clothes: shirt with collar, leather apron
fb = folds(body, 0.022, 5)
sh = fabric("shirt", "4a6b73", scale=170)
lea = mat("apron", Base_Color=hexc("8a5a34"), Roughness=0.55)[0]
tee = fabric("tee", "e6dccb", strength=0.1)
garment(body, 0.03, lambda p: p[:, 1] + 1.66 + 0.25 * np.clip(p[:, 2], -0.3, 1) - 0.1, None, tee)
garment(
    fb,
    0.07,
    lambda p: np.maximum(
        -vneck(p, 0.33, -1.50, -2.25, 0.08), p[:, 1] + 1.62 - 0.25 * np.clip(-p[:, 2], -0.2, 0.5)
    ),
    None,
    sh,
)
col = lambda p: np.maximum(
    poly2(
        np.abs(p[:, 0]),
        p[:, 1],
        [
            (0.30, -1.55),
            (0.42, -1.52),
            (0.62, -1.70),
            (0.60, -2.12),
            (0.40, -2.22),
            (0.22, -2.02),
            (0.16, -2.12),
            (0.25, -1.85),
        ],
    ),
    -0.25 - p[:, 2],
)
garment(fb, 0.105, col, None, sh, h=0.014, shell=0.02, rnd=0.015)
apr = lambda p: np.maximum(
    np.minimum(
        poly2(
            np.abs(p[:, 0]),
            p[:, 1],
            [(-0.1, -2.55), (0.62, -2.55), (0.82, -3.3), (0.9, -4.2), (-0.1, -4.2)],
        ),
        poly2(
            np.abs(p[:, 0]), p[:, 1], [(0.47, -2.60), (0.60, -2.60), (0.66, -1.70), (0.54, -1.60)]
        ),
    ),
    -0.3 - p[:, 2],
)
garment(fb, 0.12, apr, None, lea, h=0.016, shell=0.018, rnd=0.015)
# workshop
bg_plane(-10, "6a4a30", "5a3c24", 0.6)
wd = mat("wd", Base_Color=hexc("8a5c36"), Roughness=0.6)[0]
wd2 = mat("wd2", Base_Color=hexc("a9784a"), Roughness=0.6)[0]
mt = mat("mt", Base_Color=hexc("b7b2a8"), Metallic=1.0, Roughness=0.35)[0]
red = mat("red", Base_Color=hexc("b5432e"), Roughness=0.5)[0]
gr = mat("gr2", Base_Color=hexc("4f6b58"), Roughness=0.6)[0]
yl = mat("yl", Base_Color=hexc("d9a23d"), Roughness=0.5)[0]
for i in range(15):
    box("pl", (-9.16 + i * 1.32, 0.4, -8.2), (1.27, 14, 0.1), wd if i % 2 else wd2)
for y in (-0.35, 1.15):
    box("sh", (-2.5, y, -6.4), (2.6, 0.10, 0.7), wd2)
    box("sh", (2.7, y + 0.1, -6.4), (2.6, 0.10, 0.7), wd2)
r2 = np.random.default_rng(12)
for i in range(7):
    box(
        "bx",
        (-3.6 + i * 0.36, 0.02 - 0.05 * (i % 3), -6.3),
        (0.26, 0.55 + 0.2 * (i % 3), 0.4),
        [red, gr, wd, yl, mt, gr, wd2][i],
    )
for i in range(6):
    cyl(
        (1.7 + i * 0.38, -0.20, -6.3),
        (1.7 + i * 0.38, 0.15 + 0.25 * (i % 2), -6.3),
        0.14,
        [mt, yl, red, mt, gr, wd][i],
    )
for i in range(6):
    cyl(
        (1.75 + i * 0.36, 1.3, -6.3),
        (1.75 + i * 0.36, 1.75, -6.3),
        0.13,
        [gr, mt, wd, red, mt, yl][i],
    )
for i in range(5):
    cyl(
        (-3.5 + i * 0.5, 1.2, -6.3),
        (-3.5 + i * 0.5, 1.65 + 0.2 * (i % 2), -6.3),
        0.15,
        [yl, mt, red, wd2, gr][i],
    )
lamp = emit("lamp", (1, 0.62, 0.28), 16.0)
for x, y, r in (
    (-1.95, 1.05, 0.13),
    (1.55, 1.45, 0.12),
    (2.6, 0.75, 0.09),
    (-3.0, 0.75, 0.10),
    (-1.35, 1.75, 0.10),
):
    ball((x, y, -5.0), r, lamp)
    cyl((x, y + r, -5), (x, 5, -5), 0.012, wd)
area((-3.4, 3.0, 5.0), (0, -0.2, 0.3), 2.4, 560, (1, 0.90, 0.78))
area((4.2, 0.2, 4.4), (0, -0.3, 0.2), 3.2, 110, (1, 0.85, 0.7))
area((2.8, 2.6, -3), (0, 0, 0), 1.6, 620, (1, 0.72, 0.42))
area((-3.2, 2.2, -3), (0, -0.2, 0), 1.6, 420, (1, 0.78, 0.5))
area((0, -3.2, 4.5), (0, -0.5, 0.3), 2.2, 40, (1, 0.85, 0.7))
area((0, 4, -4), (0, 0, -8), 4, 420, (1, 0.78, 0.5))
