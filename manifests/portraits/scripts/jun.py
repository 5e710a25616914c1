# young East Asian presenter, short hair, pastel
start(world=((0.97, 0.93, 1), 0.38), exposure=0.42, lookn="AgX - Punchy")
h = Head(
    asym=0.0,
    neck=0.335,
    jaw_w=0.55,
    chin_w=0.185,
    face_w=0.715,
    mw=0.285,
    ul=0.058,
    ll=0.070,
    eu=0.116,
    el=0.078,
    eye_R=0.245,
    eye_z=0.497,
    ew=0.226,
    tilt=0.030,
    iris=0.112,
    crease=0.6,
    crease_h=0.034,
    crease_d=0.010,
    socket=0.045,
    nose_z=0.925,
    nose_r=0.10,
    nose_w=0.112,
    bridge=0.066,
    bridge_z=0.70,
    cheek=0.31,
    brow_y=0.265,
    corner=0.082,
)
sm = scalp_mask(
    [-1.2, -0.7, -0.35, -0.1, 0.05, 0.2, 0.35, 0.5, 0.62, 0.8],
    [-0.62, -0.5, -0.15, -0.02, 0.0, 0.38, 0.62, 0.74, 0.82, 0.86],
    soft=0.05,
)
pal = dict(
    skin="e8b48c",
    blush="d6755c",
    blush_k=0.5,
    lid="bd7a60",
    lid_k=0.3,
    liner="1c1210",
    liner_k=0.8,
    lip="c06f64",
    lip_k=0.75,
    lipline="6b2d2a",
    iris="2e190e",
    iris2="6b3f20",
    limbal="0a0504",
    scalp="120d0c",
    scalp_mask=sm,
)
pose = Pose(yaw=-2, pitch=1, roll=-1, drop=0.18)
body = body_fn(sw=1.12, neck=0.335, chest=1.15)
hm = hair_mat("hair", hexc("17110f"), rough=0.36, rand=0.08)
head_all(
    h,
    pal,
    pose,
    body,
    rng,
    dict(th=0.036, arch=0.060, fall=0.045, n=480, y=0.292, L=0.115, x0=0.13, x1=0.58),
    dict(n=80, L=0.042, w=0.003, low=False),
    hair_mat("brow", hexc("1a1310")),
    black(),
)
base = lambda p: h.base(p, False)
ng = 1100
R = H.roots(base, lambda p: sm(p) > 0.5, ng, rng)
lay = rng.random(ng)
x = R[:, 0]
top = sst(0.45, 0.90, R[:, 1])
fr = sst(0.05, 0.55, R[:, 2]) * top
wh = F([0.10, 1.2, -0.42])
rad = unit(np.stack([x - wh[0], 0 * x, R[:, 2] - wh[2]], -1))
rad[:, 0] += 0.38 * fr
rad = unit(rad)  # flow out of a whorl, fringe swept to the image right
fld = lambda p, v, t: unit(
    rad * (top * 0.9 + 0.12)[:, None]
    + np.stack([0 * x, -0.55 * top * sst(0.15, 0.8, t) - 1.1 * (1 - top), -0.12 * (1 - top)], -1)
)
L = (0.15 + 0.30 * top + 0.13 * fr) * (0.82 + 0.36 * rng.random(ng))
d0 = (
    rad * (0.25 + 0.75 * top)[:, None]
    + np.stack([0 * x, 0.55 * top - 0.6 * (1 - top), 0 * x], -1)
    + unit(grad(base, R, 0.01)) * (0.12 + 0.30 * top)[:, None]
)
G = H.grow(
    R,
    d0,
    L,
    16,
    fld,
    base,
    lambda t: 0.015 + (0.05 + 0.13 * lay) * top * np.minimum(1, t * 2.2) + 0.035 * (1 - top) * lay,
    0.60,
    None,
    2.4,
)
G = H.smooth(G, 2)
nc = int(34000 * DENS)
C = H.roots(base, sm, nc, rng)
P = H.children(
    G,
    np.zeros(ng),
    C,
    np.zeros(nc),
    rng,
    clumpc=380,
    clump=0.72,
    cpow=1.1,
    frizz=0.018,
    lenvar=0.25,
)
add_hair("hair", P, 0.0058 / np.sqrt(DENS), hm, pose, tip=0.2)
# clothes: knit sweater with a ribbed collar over a white tee
fb = folds(body, 0.022, 8)
kn = fabric(
    "knit", "f0b84f", scale=34, strength=0.8, dist=0.012, sheen=0.5, kind="ShaderNodeTexVoronoi"
)
tee = fabric("tee", "fbf8f2", strength=0.08)
neck = lambda p: np.hypot(p[:, 0] / 1.12, (p[:, 2] + 0.14) / 1.0)
garment(body, 0.03, lambda p: p[:, 1] + 1.60 + 0.32 * np.clip(p[:, 2], -0.4, 0.6), None, tee)
garment(fb, 0.08, lambda p: p[:, 1] + 1.70 + 0.42 * np.clip(p[:, 2], -0.5, 0.6), None, kn)
rib = fabric("rib", "eab04a", scale=60, strength=0.4, dist=0.01, sheen=0.5)
a = np.linspace(0, 2 * np.pi, 160, endpoint=False)
ring = []
for t in a:  # where the collar plane meets the body
    dr = np.linspace(0.1, 1.2, 200)
    X = dr * np.cos(t)
    Z = -0.20 + dr * np.sin(t)
    Y = -1.70 - 0.42 * np.clip(Z, -0.5, 0.6)
    d = body(np.stack([X, Y, Z], -1).astype(F))
    k = (d > 0.075).argmax()
    ring.append((X[k], Y[k], Z[k]))
ring = np.array(ring)
ring = np.stack(
    [
        np.convolve(np.r_[ring[-6:, i], ring[:, i], ring[:6, i]], np.ones(13) / 13, "valid")
        for i in range(3)
    ],
    -1,
)
tube(ring + [0, 0.0, 0], 0.058, rib, None, True)
# pastel set
bg_plane(-10, "dccbfb", "ffd2b8", 2.1)
P_ = lambda c: mat("p" + c, Base_Color=hexc(c), Roughness=0.75)[0]


def disc(c, r, m):
    cyl((c[0], c[1], c[2] - 0.05), (c[0], c[1], c[2] + 0.05), r, m)


disc((0.2, 0.1, -6.8), 2.35, P_("ffd0c6"))
disc((-2.9, 1.3, -6.2), 0.75, P_("bfe3dc"))
disc((3.0, -0.4, -6.0), 0.95, P_("c9c3f2"))
ball((2.75, 1.6, -5.6), 0.42, P_("f9dd9a"))
ball((-2.7, -0.5, -5.4), 0.50, P_("f4a99a"))
ball((-3.3, -0.9, -5.0), 0.26, P_("bfe3dc"))
box("c", (3.3, -2.1, -5.8), (1.0, 1.9, 0.8), P_("bfe3dc"), 0.1)
box("c", (-3.1, -2.2, -5.8), (1.5, 1.9, 0.8), P_("f9dd9a"), 0.1)
area((-3.4, 3.0, 5.2), (0, -0.2, 0.3), 2.8, 540, (1, 0.96, 0.93))
area((4.2, 0.4, 4.6), (0, -0.3, 0.2), 3.4, 110, (0.93, 0.92, 1))
area((2.6, 2.8, -3), (0, 0, 0), 1.6, 230, (1, 0.9, 0.88))
area((-3.2, 2.2, -3), (0, -0.2, 0), 1.6, 230, (0.9, 0.92, 1))
area((0, -3.2, 4.5), (0, -0.5, 0.3), 2.2, 60, (1, 0.95, 0.92))
area((0, 4, -2.5), (0, 0, -7), 4, 900)
area((0, -1, -1.5), (0, 0, -7), 4, 260)
