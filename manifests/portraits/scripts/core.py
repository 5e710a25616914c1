"""SDF sculpting + Blender helpers. Face space: x = image right, y = up, z = towards the camera; eye line y=0."""

import numpy as np, bpy, math
from scipy.ndimage import zoom
from skimage.measure import marching_cubes

F = np.float32


def ell(p, c, r):
    q = p - F(c)
    r = F(r)
    k0 = np.sqrt(((q / r) ** 2).sum(-1))
    k1 = np.sqrt(((q / (r * r)) ** 2).sum(-1)) + 1e-6
    return k0 * (k0 - 1) / k1


def sph(p, c, r):
    return np.sqrt(((p - F(c)) ** 2).sum(-1)) - r


def cap(p, a, b, ra, rb=None):
    a, b = F(a), F(b)
    rb = ra if rb is None else rb
    ba = b - a
    q = p - a
    h = np.clip((q @ ba) / (ba @ ba), 0, 1)
    return np.sqrt(((q - h[..., None] * ba) ** 2).sum(-1)) - (ra + (rb - ra) * h)


def smin(a, b, k):
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def smax(a, b, k):
    return -smin(-a, -b, k)


def sst(a, b, x):
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def poly2(x, y, P):
    """signed distance to a 2-D polygon (negative inside)"""
    P = np.asarray(P, F)
    d = np.full(x.shape, 1e9, F)
    s = np.ones(x.shape, F)
    n = len(P)
    for i in range(n):
        a = P[i]
        b = P[i - 1]
        ex, ey = b - a
        wx = x - a[0]
        wy = y - a[1]
        h = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
        d = np.minimum(d, (wx - ex * h) ** 2 + (wy - ey * h) ** 2)
        c1 = y >= a[1]
        c2 = y < b[1]
        c3 = ex * wy > ey * wx
        s = np.where((c1 & c2 & c3) | (~c1 & ~c2 & ~c3), -s, s)
    return s * np.sqrt(d)


def mesh(fn, lo, hi, h, band=2.6, f=4):
    lo = np.array(lo, float)
    n = np.ceil((np.array(hi) - lo) / (h * f)).astype(int) + 1
    ax = [lo[i] + np.arange(n[i]) * h * f for i in range(3)]
    P = np.stack(np.meshgrid(*ax, indexing="ij"), -1).astype(F).reshape(-1, 3)
    D = fn(P).reshape(n).astype(F)
    N = (n - 1) * f + 1
    V = zoom(D, np.array(N) / n, order=1, grid_mode=False).astype(F)
    near = np.abs(V) < h * f * band
    idx = np.argwhere(near)
    out = np.empty(len(idx), F)
    for i in range(0, len(idx), 400000):
        out[i : i + 400000] = fn((lo + idx[i : i + 400000] * h).astype(F))
    V[near] = out
    v, t, _, _ = marching_cubes(V, 0, spacing=(h, h, h))
    v = v + lo
    # one Newton step on the true field: removes voxel stair-casing
    v = v.astype(F)
    for _ in range(2):
        d, g = fn(v), grad(fn, v, h * 0.5)
        m = np.clip(d / np.maximum((g * g).sum(1), 0.2), -h * 0.5, h * 0.5)
        v = v - g * m[:, None]
    return v, t


def grad(fn, p, e=0.004):
    g = np.empty_like(p)
    for i in range(3):
        o = np.zeros(3, F)
        o[i] = e
        g[:, i] = (fn(p + o) - fn(p - o)) / (2 * e)
    return g


def unit(v):
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def surf_z(fn, x, y, z0=1.6, z1=-1.2, n=500):
    """front-most surface depth for each (x,y)"""
    x = np.atleast_1d(F(x))
    y = np.atleast_1d(F(y))
    z = np.linspace(z0, z1, n).astype(F)
    P = np.stack(np.broadcast_arrays(x[:, None], y[:, None], z[None]), -1)
    d = fn(P.reshape(-1, 3)).reshape(len(x), n)
    i = np.clip((d < 0).argmax(1), 1, n - 1)
    r = np.arange(len(x))
    a, b = d[r, i - 1], d[r, i]
    t = a / (a - b + 1e-9)
    return z[i - 1] + (z[i] - z[i - 1]) * np.clip(t, 0, 1)


# ---------------------------------------------------------------- noise
def vnoise(p, seed=0):
    """smooth value noise in 3-D, -1..1"""
    i = np.floor(p).astype(np.int64)
    f = (p - i).astype(F)
    f = f * f * (3 - 2 * f)
    r = np.zeros(len(p), F)
    for a in (0, 1):
        for b in (0, 1):
            for c in (0, 1):
                h = (
                    (i[:, 0] + a) * 374761393
                    + (i[:, 1] + b) * 668265263
                    + (i[:, 2] + c) * 2147483647
                    + seed * 1274126177
                )
                h = (h ^ (h >> 13)) * 1274126177
                h = (h ^ (h >> 16)) & 0xFFFF
                w = (
                    (f[:, 0] if a else 1 - f[:, 0])
                    * (f[:, 1] if b else 1 - f[:, 1])
                    * (f[:, 2] if c else 1 - f[:, 2])
                )
                r += w * (h / 32767.5 - 1)
    return r


# ---------------------------------------------------------------- blender
def B(p):
    p = np.asarray(p)
    return np.stack([p[..., 0], -p[..., 2], p[..., 1]], -1)


def lin(c):
    c = np.asarray(c, float)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def hexc(s):
    return lin([int(s[i : i + 2], 16) / 255 for i in (0, 2, 4)])


def add_mesh(name, v, faces, col=None, mat=None, parent=None, smooth=True):
    v = np.asarray(v) if parent is None else parent.w(np.asarray(v))
    me = bpy.data.meshes.new(name)
    v = B(v)
    faces = np.asarray(faces)
    me.vertices.add(len(v))
    me.vertices.foreach_set("co", v.astype(F).ravel())
    k = faces.shape[1]
    me.loops.add(faces.size)
    me.loops.foreach_set("vertex_index", faces.astype(np.int32).ravel())
    me.polygons.add(len(faces))
    me.polygons.foreach_set("loop_start", (np.arange(len(faces)) * k).astype(np.int32))
    me.update(calc_edges=True)
    me.validate()
    if smooth:
        me.polygons.foreach_set("use_smooth", np.ones(len(me.polygons), bool))
    if col is not None:
        a = me.color_attributes.new("Col", "FLOAT_COLOR", "POINT")
        c = np.ones((len(v), 4), F)
        c[:, :3] = col
        a.data.foreach_set("color", c.ravel())
    o = bpy.data.objects.new(name, me)
    bpy.context.scene.collection.objects.link(o)
    if mat:
        me.materials.append(mat)
    return o


def add_hair(name, paths, rad, mat, parent=None, tip=0.25, root=1.0):
    """paths (n,m,3) face space; rad scalar or (n,)"""
    paths = paths if parent is None else parent.w(paths)
    n, m, _ = paths.shape
    c = bpy.data.hair_curves.new(name)
    c.add_curves([m] * n)
    c.attributes["position"].data.foreach_set("vector", B(paths).astype(F).ravel())
    t = np.linspace(0, 1, m)
    prof = np.minimum(1, root + (1 - root) * t / 0.15) * np.where(
        t < 0.55, 1, 1 - (1 - tip) * (np.clip(t - 0.55, 0, 1) / 0.45) ** 1.5
    )
    r = np.broadcast_to(np.asarray(rad, F).reshape(-1, 1), (n, m)) * prof
    a = c.attributes.get("radius") or c.attributes.new("radius", "FLOAT", "POINT")
    a.data.foreach_set("value", r.astype(F).ravel())
    o = bpy.data.objects.new(name, c)
    bpy.context.scene.collection.objects.link(o)
    c.materials.append(mat)
    return o


def mat(name, **kw):
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    b = m.node_tree.nodes["Principled BSDF"]
    for k, v in kw.items():
        k = k.replace("_", " ")
        i = b.inputs[k]
        i.default_value = (list(v) + [1.0])[:4] if i.type == "RGBA" else v
    return m, b, m.node_tree


def link_col(nt, b, inp="Base Color"):
    a = nt.nodes.new("ShaderNodeAttribute")
    a.attribute_name = "Col"
    nt.links.new(a.outputs["Color"], b.inputs[inp])
    return a


def bump(nt, b, scale, strength, dist=0.01, kind="ShaderNodeTexNoise"):
    tc = nt.nodes.new("ShaderNodeTexCoord")
    n = nt.nodes.new(kind)
    n.inputs["Scale"].default_value = scale
    bu = nt.nodes.new("ShaderNodeBump")
    bu.inputs["Strength"].default_value = strength
    bu.inputs["Distance"].default_value = dist
    nt.links.new(tc.outputs["Object"], n.inputs["Vector"])
    nt.links.new(n.outputs[0], bu.inputs["Height"])
    nt.links.new(bu.outputs[0], b.inputs["Normal"])


def skin_mat():
    m, b, nt = mat(
        "skin",
        Roughness=0.48,
        Specular_IOR_Level=0.40,
        Subsurface_Weight=0.55,
        Subsurface_Scale=0.075,
        Coat_Weight=0.02,
        Coat_Roughness=0.4,
    )
    b.inputs["Subsurface Radius"].default_value = (1.0, 0.38, 0.22)
    link_col(nt, b)
    bump(nt, b, 55, 0.10, 0.01)
    return m


def hair_mat(name, col, rough=0.32, rand=0.12, melanin=None, coat=0.0):
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    nt = m.node_tree
    nt.nodes.clear()
    o = nt.nodes.new("ShaderNodeOutputMaterial")
    h = nt.nodes.new("ShaderNodeBsdfHairPrincipled")
    h.parametrization = "COLOR"
    h.inputs["Color"].default_value = (*col, 1)
    h.inputs["Roughness"].default_value = rough
    h.inputs["Radial Roughness"].default_value = 0.45
    i = nt.nodes.new("ShaderNodeHairInfo")
    hs = nt.nodes.new("ShaderNodeHueSaturation")
    hs.inputs["Color"].default_value = (*col, 1)
    mr = nt.nodes.new("ShaderNodeMapRange")
    mr.inputs["To Min"].default_value = 1 - rand * 3
    mr.inputs["To Max"].default_value = 1 + rand * 3
    nt.links.new(i.outputs["Random"], mr.inputs["Value"])
    nt.links.new(mr.outputs[0], hs.inputs["Value"])
    nt.links.new(hs.outputs[0], h.inputs["Color"])
    nt.links.new(h.outputs[0], o.inputs[0])
    return m


def cornea_mat():
    m = bpy.data.materials.new("cornea")
    m.use_nodes = True
    nt = m.node_tree
    nt.nodes.clear()
    o = nt.nodes.new("ShaderNodeOutputMaterial")
    t = nt.nodes.new("ShaderNodeBsdfTransparent")
    g = nt.nodes.new("ShaderNodeBsdfGlossy")
    g.inputs["Roughness"].default_value = 0.03
    f = nt.nodes.new("ShaderNodeFresnel")
    f.inputs[0].default_value = 1.45
    x = nt.nodes.new("ShaderNodeMixShader")
    nt.links.new(f.outputs[0], x.inputs[0])
    nt.links.new(t.outputs[0], x.inputs[1])
    nt.links.new(g.outputs[0], x.inputs[2])
    nt.links.new(x.outputs[0], o.inputs[0])
    return m


def emit(name, col, s):
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    nt = m.node_tree
    nt.nodes.clear()
    o = nt.nodes.new("ShaderNodeOutputMaterial")
    e = nt.nodes.new("ShaderNodeEmission")
    e.inputs[0].default_value = (*col, 1)
    e.inputs[1].default_value = s
    nt.links.new(e.outputs[0], o.inputs[0])
    return m


def area(loc, target, size, power, col=(1, 1, 1), size_y=None, shape="DISK"):
    l = bpy.data.lights.new("L", "AREA")
    l.shape = shape if size_y is None else "RECTANGLE"
    l.size = size
    if size_y:
        l.size_y = size_y
    l.energy = power
    l.color = col
    o = bpy.data.objects.new("L", l)
    bpy.context.scene.collection.objects.link(o)
    from mathutils import Vector

    p = Vector(B(np.array(loc, float)))
    q = Vector(B(np.array(target, float)))
    o.location = p
    o.rotation_euler = (q - p).to_track_quat("-Z", "Y").to_euler()
    return o


def box(name, c, s, m, bev=0.03, rot=0):
    bpy.ops.mesh.primitive_cube_add(size=1, location=B(np.array(c, float)))
    o = bpy.context.object
    o.scale = (s[0], s[2], s[1])
    o.rotation_euler[1] = rot
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    d = o.modifiers.new("b", "BEVEL")
    d.width = bev
    d.segments = 3
    o.data.materials.append(m)
    return o


def ball(c, r, m, scale=(1, 1, 1)):
    bpy.ops.mesh.primitive_uv_sphere_add(
        radius=r, location=B(np.array(c, float)), segments=48, ring_count=24
    )
    o = bpy.context.object
    o.scale = (scale[0], scale[2], scale[1])
    bpy.ops.object.shade_smooth()
    o.data.materials.append(m)
    return o


def cyl(a, b, r, m):
    from mathutils import Vector

    a = Vector(B(np.array(a, float)))
    b = Vector(B(np.array(b, float)))
    bpy.ops.mesh.primitive_cylinder_add(
        radius=r, depth=(b - a).length, location=(a + b) / 2, vertices=32
    )
    o = bpy.context.object
    o.rotation_euler = (b - a).to_track_quat("Z", "Y").to_euler()
    bpy.ops.object.shade_smooth()
    o.data.materials.append(m)
    return o


def tube(path, r, m, parent=None, cyclic=False):
    c = bpy.data.curves.new("t", "CURVE")
    c.dimensions = "3D"
    s = c.splines.new("POLY")
    s.points.add(len(path) - 1)
    q = B(np.asarray(path) if parent is None else parent.w(np.asarray(path)))
    s.points.foreach_set("co", np.c_[q, np.ones(len(q))].astype(F).ravel())
    s.use_cyclic_u = cyclic
    c.bevel_depth = r
    c.bevel_resolution = 6
    o = bpy.data.objects.new("t", c)
    bpy.context.scene.collection.objects.link(o)
    c.materials.append(m)
    return o
