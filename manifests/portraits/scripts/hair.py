from core import *
from scipy.spatial import cKDTree


def roots(fn, mask, n, rng, c=(0, 0.30, -0.15), batch=6):
    """random points on the skin where mask(p) > u"""
    out = []
    N = 0
    while N < n:
        d = unit(rng.normal(size=(n * 2, 3))).astype(F)
        t = np.full(len(d), 2.2, F)
        o = F(c)
        for _ in range(26):
            t = (
                t - np.clip(fn(o + d * t[:, None]), -0.2, 0.4) * 0.9
            )  # marching inwards from outside
        p = o + d * t[:, None]
        k = (np.abs(fn(p)) < 0.01) & (rng.random(len(p)) < mask(p))
        out.append(p[k])
        N += k.sum()
    return np.concatenate(out)[:n]


def grow(r, d0, L, m, field, fn, off, inertia=0.6, face=None, pull=2.5):
    """guides: r (n,3), d0 (n,3), L (n,)"""
    P = [r.copy()]
    v = unit(d0)
    p = r.copy()
    h = (L / (m - 1))[:, None]
    for i in range(1, m):
        t = i / (m - 1)
        d = fn(p)
        g = unit(grad(fn, p, 0.01))
        a = np.clip(d - off(t), 0, 0.4)[:, None]
        v = unit(v * inertia + (1 - inertia) * (field(p, v, t) - pull * a * g))
        p = p + v * h
        for _ in range(2):
            d = fn(p)
            g = unit(grad(fn, p, 0.01))
            o = off(t)
            k = np.clip(o - d, 0, None)
            p = p + g * k[:, None]
            if face is not None:
                p = face(p)
        v = unit(v * 0.35 + 0.65 * unit(p - P[-1]))
        P.append(p.copy())
    return np.stack(P, 1)


def smooth(P, it=2):
    for _ in range(it):
        P[:, 1:-1] = 0.25 * P[:, :-2] + 0.5 * P[:, 1:-1] + 0.25 * P[:, 2:]
    return P


def children(
    G,
    label,
    R,
    rlabel,
    rng,
    clumpc=None,
    clump=0.5,
    cpow=1.2,
    frizz=0.01,
    k=3,
    lenvar=0.12,
    seed=5,
    spread=1.0,
):
    """interpolate guides G (n,m,3) at roots R; then gather strands into locks"""
    n, m, _ = G.shape
    off = np.c_[G[:, 0], label[:, None] * 10.0]
    T = cKDTree(off)
    d, i = T.query(np.c_[R, rlabel[:, None] * 10.0], k=k)
    w = 1 / (d + 0.01) ** 2
    w /= w.sum(1, keepdims=True)
    O = G - G[:, :1]
    P = R[:, None] + (O[i] * w[..., None, None]).sum(1)
    t = np.linspace(0, 1, m)
    if clumpc:
        ci = rng.choice(len(P), clumpc, replace=False)
        C = P[ci]
        lab = rlabel[ci]
        tt = cKDTree(np.c_[R[ci], lab[:, None] * 10.0])
        _, j = tt.query(np.c_[R, rlabel[:, None] * 10.0])
        kk = (clump * t**cpow)[None, :, None]
        P = P * (1 - kk) + C[j] * kk
    # frizz and cut length
    q = P.reshape(-1, 3)
    nz = np.stack([vnoise(q * 4 + rng.random() * 50, seed + a) for a in range(3)], -1).reshape(
        P.shape
    )
    jit = rng.normal(0, 1, (len(P), 1, 3))
    P = P + frizz * (nz + 0.5 * jit) * t[None, :, None]
    s = 1 - lenvar * rng.random(len(P))
    u = t[None] * s[:, None] * (m - 1)
    a = np.clip(u.astype(int), 0, m - 2)
    f = (u - a)[..., None]
    r = np.arange(len(P))[:, None]
    return P[r, a] * (1 - f) + P[r, a + 1] * f
