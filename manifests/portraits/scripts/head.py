"""A parametric stylised head: SDF, colours, eyes, lids, brows, lashes."""

from core import *
import os

GAZE = float(os.environ.get("GAZE", ".05"))
DEF = dict(
    eye_x=0.345,
    eye_R=0.245,
    eye_z=0.485,
    ew=0.222,
    eu=0.114,
    el=0.076,
    tilt=0.025,
    iris=0.112,
    crease=1.0,
    crease_h=0.05,
    crease_d=0.012,
    face_w=0.70,
    jaw_w=0.55,
    jaw_y=-0.62,
    chin_w=0.20,
    chin_y=-0.99,
    chin_z=0.44,
    cheek=0.30,
    nose_w=0.105,
    nose_z=0.955,
    nose_y=-0.37,
    nose_r=0.105,
    bridge=0.062,
    bridge_z=0.735,
    mw=0.255,
    my=-0.715,
    ul=0.062,
    ll=0.085,
    lipd=0.055,
    corner=0.034,
    brow=0.03,
    brow_y=0.27,
    socket=0.035,
    neck=0.37,
    ear=1.0,
    age=0.0,
    asym=0.003,
)


class Head:
    def __init__(s, **k):
        s.__dict__.update(DEF)
        s.__dict__.update(k)
        # lips sit on the skin: depth of the bare mound along the mouth line
        t = np.linspace(-1.3, 1.3, 61)
        x = t * s.mw
        s.lt = t
        s.lz = surf_z(s.base, x, s.myl(t)).astype(F)

    def myl(s, t):
        return (
            s.my + s.corner * np.minimum(np.abs(t), 1.1) ** 2.3 - 0.012 * np.exp(-((t / 0.22) ** 2))
        ).astype(F)

    # ---- bare head without lips / lids
    def base(s, p, neck=True):
        q = p.copy()
        q[:, 0] = np.abs(q[:, 0])
        X, Y, Z = q.T
        d = ell(p, (0, 0.40, -0.20), (0.84, 0.88, 0.98))
        d = smin(d, ell(p, (0, -0.20, 0.06), (s.face_w, 0.86, 0.70)), 0.18)
        d = smin(d, ell(p, (0, s.jaw_y, 0.10), (s.jaw_w, 0.46, 0.54)), 0.16)
        d = smin(d, ell(p, (0, s.chin_y, s.chin_z), (s.chin_w, 0.15, 0.20)), 0.16)
        d = smin(d, ell(q, (0.40, -0.30, 0.36), (s.cheek, 0.28, 0.29)), 0.16)
        d = smin(d, cap(q, (0.10, 0.235, 0.655), (0.50, 0.20, 0.49), 0.07), 0.12)
        d = (
            smax(
                d,
                -ell(q, (s.eye_x + 0.0, 0.0, 0.86 + 0.035 * (s.age <= 0)), (0.27, 0.165, 0.20)),
                0.16,
            )
            - 0
        )
        if s.age > 0:
            d = smin(d, cap(q, (0.34, -0.60, 0.50), (0.40, -0.78, 0.40), 0.10), 0.12)
        # nose
        n = cap(p, (0, 0.14, s.bridge_z), (0, s.nose_y + 0.04, s.nose_z), s.bridge, s.nose_r * 0.86)
        n = smin(n, sph(p, (0, s.nose_y, s.nose_z + 0.02), s.nose_r), 0.07)
        a = ell(q, (s.nose_w, s.nose_y - 0.035, s.nose_z - 0.085), (0.072, 0.068, 0.09))
        n = smin(n, a, 0.05)
        d = smin(d, n, 0.10)
        d = smax(
            d,
            -ell(q, (s.nose_w * 0.56, s.nose_y - 0.098, s.nose_z - 0.015), (0.038, 0.038, 0.06)),
            0.022,
        )
        # mouth mound
        d = smin(d, ell(p, (0, s.my - 0.01, 0.50), (0.33, 0.25, 0.255)), 0.14)
        # philtrum
        d = d + 0.010 * np.exp(-((X / 0.03) ** 2) - ((Y - (s.my + 0.15)) / 0.07) ** 2) * (Z > 0.4)
        # fold under the lower lip
        d = d + 0.022 * np.exp(-((X / 0.16) ** 2) - ((Y - (s.my - 0.155)) / 0.045) ** 2) * (Z > 0.4)
        if s.age > 0:  # nasolabial fold, forehead, bags
            for x0, y0, x1, y1, w, h in ((0.17, s.nose_y + 0.0, 0.345, s.my + 0.02, 0.028, 0.020),):
                u = np.clip(
                    ((X - x0) * (x1 - x0) + (Y - y0) * (y1 - y0))
                    / ((x1 - x0) ** 2 + (y1 - y0) ** 2),
                    0,
                    1,
                )
                e = np.hypot(
                    X - x0 - u * (x1 - x0) - 0.03 * np.sin(u * 3.1), Y - y0 - u * (y1 - y0)
                )
                d = d + s.age * h * np.exp(-((e / w) ** 2)) * (Z > 0.2)
            for yy in (0.50, 0.60, 0.69):
                d = d + s.age * 0.006 * np.exp(
                    -(((Y - yy - 0.03 * np.cos(X * 5)) / 0.014) ** 2)
                ) * sst(0.48, 0.2, X) * (Z > 0.3)
        if neck:
            d = smin(d, cap(p, (0, -0.80, -0.18), (0, -1.75, -0.30), s.neck, s.neck * 1.06), 0.12)
        # ears
        if s.ear:
            e = ell(q, (0.80, -0.12, -0.10), (0.085, 0.23, 0.15))
            e = smax(e, -ell(q, (0.885, -0.10, -0.04), (0.075, 0.15, 0.085)), 0.05)
            d = smin(d, e, 0.06)
        return d

    def lidcurves(s, x):
        """x relative to the eye centre, + outwards"""
        a = np.clip(x / s.ew, -1, 1)
        up = s.eu * (1 - np.abs(a + 0.10 * (1 - a * a)) ** 2.3)
        lo = -s.el * (1 - np.abs(a - 0.12 * (1 - a * a)) ** 2.2)
        k = s.tilt * a
        return up + k, lo + k

    def lips(s, p):
        x = p[:, 0]
        t = x / s.mw
        zs = np.interp(t, s.lt, s.lz).astype(F)
        y = p[:, 1] - s.myl(t)
        z = p[:, 2] - zs
        A = np.clip(np.abs(t), 0, 1)
        bow = (
            1
            - 0.20 * np.exp(-((t / 0.13) ** 2))
            + 0.10 * np.exp(-(((np.abs(t) - 0.28) / 0.2) ** 2))
        )
        hu = s.ul * (1 - A**2.0) ** 0.75 * bow + 0.006
        hl = s.ll * (1 - A**2.2) ** 0.72 + 0.006
        dp = s.lipd * (1 - A**2.2) ** 0.7 + 0.004
        over = np.clip(np.abs(t) - 1, 0, None) * s.mw

        def el(c, ry, rz, zo):
            k0 = np.sqrt(((y - c) / ry) ** 2 + ((z - zo) / rz) ** 2)
            k1 = np.sqrt(((y - c) / ry**2) ** 2 + ((z - zo) / rz**2) ** 2) + 1e-6
            return k0 * (k0 - 1) / k1

        u = el(hu * 0.50, hu * 0.62, dp, 0.0)
        l = el(-hl * 0.50, hl * 0.60, dp * 1.05, -0.004)
        return u + over, l + over

    def lid2d(s, q):
        x = q[:, 0] - s.eye_x
        y = q[:, 1]
        up, lo = s.lidcurves(x)
        f = np.maximum(y - up, lo - y) * 0.9
        return np.maximum(f, np.abs(x) - s.ew)

    def sdf(s, p, neck=True):
        if s.asym:
            p = p.copy()
            p[:, 0] += s.asym * np.sin(p[:, 1] * 2.3 + 0.7) * sst(0.2, 0.6, p[:, 2])
        d = s.base(p, neck)
        q = p.copy()
        q[:, 0] = np.abs(q[:, 0])
        m = (q[:, 2] > 0.2) & (np.abs(q[:, 1]) < 0.4) & (q[:, 0] < 0.75)
        if m.any():
            r = q[m]
            x = r[:, 0] - s.eye_x
            y = r[:, 1]
            up, lo = s.lidcurves(x)
            e = smin(
                d[m], sph(r, (s.eye_x, 0, s.eye_z), s.eye_R + s.socket), 0.045 + 0.02 * (s.age <= 0)
            )
            a = np.clip(x / s.ew, -1.3, 1.3)
            yc = up + s.crease_h + 0.012 * (1 - a * a)
            e = e + s.crease * s.crease_d * np.exp(-(((y - yc) / 0.013) ** 2)) * sst(
                1.2, 0.85, np.abs(a)
            )
            e = e + (0.0025 + 0.012 * s.age) * np.exp(
                -(((y - lo + 0.055 + 0.02 * (1 - a * a)) / 0.02) ** 2)
            ) * sst(1.1, 0.6, np.abs(a))
            e = smax(e, -np.maximum(s.lid2d(r), 0.2 - r[:, 2]), 0.016)
            e = smax(e, -sph(r, (s.eye_x, 0, s.eye_z), s.eye_R + 0.002), 0.003)
            d[m] = e
        m = (p[:, 2] > 0.3) & (np.abs(p[:, 0]) < 0.5) & (p[:, 1] > -1.0) & (p[:, 1] < -0.45)
        if m.any():
            u, l = s.lips(p[m])
            b = d[m]
            d[m] = smin(smin(b, u, 0.022), smin(b, l, 0.022), 0.007)
        return d

    def skin(s, pal):
        return s.skin_world(pal, None, None)

    def skin_world(s, pal, pose, body, h=0.0125, y0=-2.6):
        def fn(p):
            q = pose.soft(p)
            d = s.sdf(q, neck=False)
            d = smin(d, cap(p, (0, -0.80, -0.18), (0, -1.75, -0.30), s.neck, s.neck * 1.06), 0.13)
            return smin(d, body(p), 0.12)

        v, f = mesh(fn, (-1.5, y0, -1.25), (1.5, 1.40, 1.15), h)
        return v, f, s.colour(pose.soft(v), pal)

    def colour(s, v, pal):
        q = v.copy()
        q[:, 0] = np.abs(q[:, 0])
        X, Y, Z = q.T
        c = np.tile(hexc(pal["skin"]), (len(v), 1))
        front = sst(0.1, 0.45, Z)

        def mix(m, h, k):
            nonlocal c
            m = (m * k)[:, None]
            c = c * (1 - m) + np.array(hexc(h)) * m

        g = lambda x, y, sx, sy: np.exp(-(((X - x) / sx) ** 2) - ((Y - y) / sy) ** 2) * front
        mix(g(0.44, -0.30, 0.22, 0.16), pal["blush"], pal.get("blush_k", 0.55))
        mix(g(0, s.nose_y, 0.15, 0.11), pal["blush"], 0.45)
        mix(g(0, s.chin_y + 0.05, 0.15, 0.12), pal["blush"], 0.22)
        mix(
            np.exp(-(((X - s.nose_w * 0.56) / 0.030) ** 2) - ((Y - s.nose_y + 0.098) / 0.026) ** 2)
            * sst(s.nose_z - 0.12, s.nose_z - 0.06, Z),
            "4a1c14",
            0.6,
        )
        mix(
            np.exp(-(((X - 0.84) / 0.12) ** 2) - ((Y + 0.12) / 0.25) ** 2) * sst(0.74, 0.80, X),
            pal["blush"],
            0.5,
        )
        mix(
            np.exp(-(((X - s.eye_x) / 0.27) ** 2) - ((Y - 0.075) / 0.085) ** 2) * front,
            pal["lid"],
            pal.get("lid_k", 0.35),
        )
        mix(
            np.exp(-(((X - s.eye_x) / 0.2) ** 2) - ((Y + 0.12) / 0.045) ** 2) * front,
            pal["lid"],
            0.10,
        )
        c *= (1 + 0.03 * vnoise(v * 9, 1) + 0.02 * vnoise(v * 23, 2))[:, None]
        # lash line + waterline
        e = s.lid2d(q)
        on = (Z > s.eye_z) & (np.abs(Y) < 0.3)
        up, lo = s.lidcurves(X - s.eye_x)
        mix(on * sst(0.020, 0.004, e) * (Y > (up + lo) / 2), pal["liner"], pal.get("liner_k", 0.85))
        mix(on * sst(0.014, 0.002, e) * (Y <= (up + lo) / 2), pal["lid"], 0.6)
        # lips
        u, l = s.lips(v)
        m = (Z > 0.4) & (np.abs(v[:, 0]) < s.mw * 1.02)
        lip = sst(0.012, -0.001, np.minimum(u, l)) * m
        mix(lip, pal["lip"], pal.get("lip_k", 0.9))
        mix(
            m
            * np.exp(-(((Y - s.myl(v[:, 0] / s.mw)) / 0.011) ** 2))
            * sst(1.05, 0.9, np.abs(v[:, 0] / s.mw)),
            pal["lipline"],
            0.75,
        )
        if "scalp" in pal:
            mix(pal["scalp_mask"](v), pal["scalp"], pal.get("scalp_k", 0.9))
        if "stubble" in pal:
            mix(pal["stubble_mask"](v, s), pal["stubble"], pal["stubble_k"])
        return np.clip(c, 0, 1)

    # ---- eyes
    def eyes(s, pal, par, cam, mats):
        for sx in (-1, 1):
            C = np.array([sx * s.eye_x, 0, s.eye_z])
            g = unit((np.array(cam) - C) * 1.0)
            g = unit(g + np.array([sx * GAZE, 0, 0]))
            a = unit(np.cross([0, 1, 0], g))
            b = np.cross(g, a)
            nr, nph = 150, 128
            ti = np.arcsin(s.iris / s.eye_R)
            th = np.r_[np.linspace(0, ti * 1.15, 90), np.linspace(ti * 1.15, 2.2, nr - 90)[1:]]
            ph = np.arange(nph) * 2 * np.pi / nph
            T, P = np.meshgrid(th, ph, indexing="ij")
            rr = s.eye_R * np.sin(T)
            zz = s.eye_R * np.cos(T)
            k = sst(ti * 1.02, ti * 0.90, T)
            zz = zz - k * (0.030 - 0.018 * (T / ti) ** 2)
            V = (
                C
                + rr[..., None] * (np.cos(P)[..., None] * a + np.sin(P)[..., None] * b)
                + zz[..., None] * g
            )
            n = V.shape[0]
            i = np.arange(n - 1)[:, None] * nph
            j = np.arange(nph)[None]
            jn = (j + 1) % nph
            Fq = np.stack([i + j, i + nph + j, i + nph + jn, i + jn], -1).reshape(-1, 4)
            r = T / ti
            col = np.ones(T.shape + (3,)) * np.array([0.80, 0.79, 0.78])
            corner = sst(ti * 1.3, 1.1, T)
            col = col * (1 - corner[..., None]) + corner[..., None] * np.array([0.74, 0.58, 0.54])
            pts = np.stack([np.cos(P) * 9, np.sin(P) * 9, r * 1.2], -1).reshape(-1, 3)
            st = (
                vnoise(pts * 1.0, 3).reshape(T.shape) * 0.6
                + vnoise(pts * 2.3, 4).reshape(T.shape) * 0.4
            )
            i1, i2, lb = [np.array(hexc(pal[x])) for x in ("iris", "iris2", "limbal")]
            w = sst(0.30, 0.62, r + 0.10 * st)
            ir = i2 * (1 - w[..., None]) + i1 * w[..., None]
            ir = ir * (1 + 0.45 * st[..., None])
            ir = ir * (1.0 - 0.50 * np.sin(P) * 1.0)[..., None].clip(0.55, 1.6)
            ir = ir * (1 - sst(0.80, 1.0, r)[..., None]) + lb * sst(0.80, 1.0, r)[..., None]
            ir = ir * (sst(0.36, 0.43, r))[..., None] + 0.003
            wi = sst(1.06, 0.97, r)[..., None]
            col = col * (1 - wi) + ir * wi
            o = add_mesh("eye", V.reshape(-1, 3), Fq, col.reshape(-1, 3), mats["eye"], par)
            # cornea
            th = np.linspace(0, 1.5, 60)
            T, P = np.meshgrid(th, ph, indexing="ij")
            R = s.eye_R + 0.004 + 0.022 * sst(ti * 1.15, 0, T)
            V = C + R[..., None] * (
                np.sin(T)[..., None] * (np.cos(P)[..., None] * a + np.sin(P)[..., None] * b)
                + np.cos(T)[..., None] * g
            )
            n = 60
            i = np.arange(n - 1)[:, None] * nph
            Fq = np.stack([i + j, i + nph + j, i + nph + jn, i + jn], -1).reshape(-1, 4)
            add_mesh("cornea", V.reshape(-1, 3), Fq, None, mats["cornea"], par)
            add_mesh(
                "car",
                *blob(
                    np.array(
                        [
                            sx * (s.eye_x - s.ew * 0.90),
                            -s.tilt * 0.9 - 0.004,
                            np.sqrt(max((s.eye_R + 0.0) ** 2 - (s.ew * 0.9) ** 2, 0.001))
                            + s.eye_z
                            - 0.005,
                        ]
                    ),
                    0.022,
                ),
                None,
                mats["car"],
                par,
            )

    def lid_path(s, sx, x, upper, off=0.0, y_off=0.0):
        up, lo = s.lidcurves(x)
        y = (up if upper else lo) + y_off
        R = s.eye_R + s.socket * 0.75 + off
        z = s.eye_z + np.sqrt(np.clip(R * R - x * x - y * y, 0.0005, None))
        return np.stack([sx * (s.eye_x + x), y, z], -1)

    def lashes(s, rng, par, mt, n=46, L=0.085, low=True, w=0.0045):
        P = []
        for sx in (-1, 1):
            for upper in [True, False] if low else [True]:
                N = n if upper else n // 2
                u = np.linspace(-0.86, 0.99, N) + rng.normal(0, 0.012, N)
                x = u * s.ew
                p0 = s.lid_path(sx, x, upper, -0.008, -0.004 if upper else 0.002)
                ln = (
                    L
                    * (0.55 + 0.45 * sst(-0.9, 0.7, u))
                    * (1 + rng.normal(0, 0.12, N))
                    * (1 if upper else 0.34)
                )
                out = u * 0.55
                t = np.linspace(0, 1, 8)[None]
                sg = 1 if upper else -1
                d = np.stack([sx * (out * 1.2), np.full(N, 0.15 * sg), np.full(N, 0.9)], -1)
                d = unit(d)
                cur = np.stack([sx * out * 0.3, np.full(N, 1.05 * sg), np.full(N, -0.25)], -1)
                P.append(
                    p0[:, None]
                    + ln[:, None, None]
                    * (d[:, None] * t[..., None] + cur[:, None] * (t[..., None] ** 2) * 0.62)
                )
        return [
            add_hair(
                "lash",
                np.concatenate(P[i::2] if low else P),
                w * (1 if i == 0 else 0.55),
                mt,
                par,
                tip=0.05,
            )
            for i in ((0, 1) if low else (0,))
        ]

    def brows(
        s,
        rng,
        par,
        mt,
        n=420,
        th=0.048,
        L=0.115,
        arch=0.05,
        x0=0.12,
        x1=0.58,
        w=0.0048,
        y=None,
        wild=0.15,
        fall=0.05,
    ):
        P = []
        y0 = s.brow_y if y is None else y
        for sx in (-1, 1):
            u = rng.random(n) ** 0.9
            v = rng.uniform(-1, 1, n)
            tw = (
                th
                * (0.75 + 0.55 * np.sin(np.clip(u, 0, 1) * 2.4))
                * (1 - 0.75 * sst(0.55, 1, u))
                * (0.55 + 0.45 * sst(0, 0.22, u))
            )
            x = x0 + (x1 - x0) * u
            yy = (
                y0
                + arch * np.sin(np.clip(u / 0.68, 0, 1.5) * np.pi / 2)
                - 0.018 * (1 - u) ** 2
                - fall * sst(0.66, 1.05, u)
                + v * tw * 0.75
            )
            ang = (
                np.interp(u, [0, 0.12, 0.4, 1], [1.25, 0.75, 0.28, -0.35])
                + rng.normal(0, wild, n)
                - v * 0.25
            )
            m = 6
            t = np.linspace(0, 1, m)
            l = L * (0.7 + 0.5 * rng.random(n)) * (1 - 0.35 * u)
            px = x[:, None] + l[:, None] * np.cos(ang)[:, None] * t
            py = (
                yy[:, None]
                + l[:, None] * np.sin(ang)[:, None] * t
                - (0.35 * l)[:, None] * t**2 * 0.3
            )
            z = surf_z(s.sdf, (sx * px).ravel(), py.ravel(), 1.2, 0, 200).reshape(n, m)
            P.append(
                np.stack([sx * px, py, z + 0.006 + 0.022 * np.sin(t * 2.2) * (l / L)[:, None]], -1)
            )
        return add_hair("brow", np.concatenate(P), w, mt, par, tip=0.1)


def blob(c, r, n=14):
    th = np.linspace(0.01, np.pi - 0.01, n)
    ph = np.arange(2 * n) * np.pi / n
    T, P = np.meshgrid(th, ph, indexing="ij")
    V = c + r * np.stack([np.sin(T) * np.cos(P), np.cos(T), np.sin(T) * np.sin(P)], -1)
    j = np.arange(2 * n)[None]
    i = np.arange(n - 1)[:, None] * 2 * n
    jn = (j + 1) % (2 * n)
    return V.reshape(-1, 3), np.stack([i + j, i + jn, i + 2 * n + jn, i + 2 * n + j], -1).reshape(
        -1, 4
    )
