from core import *


def setup(
    res=1024,
    spp=96,
    cam=(0, -0.42, 9.2),
    look=(0, -0.42, 0),
    width=4.7,
    shift=0.0,
    fstop=2.0,
    focus=None,
    world=((0.9, 0.93, 1), 0.35),
    exposure=0.0,
    view="AgX",
    lookn="AgX - Medium High Contrast",
):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    s = bpy.context.scene
    s.render.engine = "CYCLES"
    c = s.cycles
    c.device = "CPU"
    c.samples = spp
    c.use_denoising = True
    c.denoiser = "OPENIMAGEDENOISE"
    c.seed = 1
    c.use_adaptive_sampling = True
    c.adaptive_threshold = 0.012
    c.max_bounces = 6
    c.diffuse_bounces = 3
    c.glossy_bounces = 3
    c.transmission_bounces = 3
    c.transparent_max_bounces = 12
    c.sample_clamp_indirect = 4.0
    c.caustics_reflective = False
    c.caustics_refractive = False
    s.cycles_curves.shape = "RIBBONS"
    s.cycles_curves.subdivisions = 2
    s.render.resolution_x = res * 3 // 2
    s.render.resolution_y = res
    s.render.image_settings.file_format = "PNG"
    s.render.image_settings.color_mode = "RGB"
    s.view_settings.view_transform = view
    try:
        s.view_settings.look = lookn
    except Exception as e:
        print(e)
    s.view_settings.exposure = exposure
    w = bpy.data.worlds.new("W")
    s.world = w
    w.use_nodes = True
    b = w.node_tree.nodes["Background"]
    b.inputs[0].default_value = (*world[0], 1)
    b.inputs[1].default_value = world[1]
    cd = bpy.data.cameras.new("C")
    o = bpy.data.objects.new("C", cd)
    s.collection.objects.link(o)
    s.camera = o
    from mathutils import Vector

    p = Vector(B(np.array(cam, float)))
    q = Vector(B(np.array(look, float)))
    o.location = p
    o.rotation_euler = (q - p).to_track_quat("-Z", "Y").to_euler()
    cd.sensor_width = 36
    cd.lens = 36 * np.linalg.norm(np.array(cam) - np.array(look)) / width
    cd.shift_y = shift
    cd.dof.use_dof = True
    cd.dof.focus_distance = (
        np.linalg.norm(np.array(cam) - np.array(look)) - 0.62 if focus is None else focus
    )
    cd.dof.aperture_fstop = fstop
    return s


def render(path):
    import time

    t = time.time()
    s = bpy.context.scene
    s.render.filepath = __import__("os").path.abspath(path)
    bpy.ops.render.render(write_still=True)
    print("render", path, round(time.time() - t, 1), "s")


class Pose:
    """rotation of the head about the neck pivot (degrees), in face space"""

    def __init__(s, yaw=0, pitch=0, roll=0, piv=(0, -0.95, -0.2), drop=0.0):
        y, x, z = np.radians([yaw, pitch, roll])
        Ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        Rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
        Rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
        s.R = (Ry @ Rx @ Rz).astype(F)
        s.p = F(piv)
        s.t = F([0, -drop, 0])

    def w(s, p):
        return ((np.asarray(p, F) - s.p) @ s.R.T + s.p + s.t).astype(F)

    def h(s, p):
        return ((np.asarray(p, F) - s.p - s.t) @ s.R + s.p).astype(F)

    def soft(s, p):
        """world -> head space, fading out down the neck"""
        w = sst(-1.75, -1.0, p[:, 1])[:, None]
        return p + (s.h(p) - p) * w
