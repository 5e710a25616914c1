"""Names of the environment variables that the engine reads when it is made.

NIGHTSHOOT_WEIGHTS      folder that holds ``Wan2.2-S2V-14B`` and ``LiveAvatar``, as the
                        reference lays them out; or ``random:tiny``, ``random:14b``
NIGHTSHOOT_WEIGHTS_ID   where campaigns are planned without the weights: the id that
                        ``nightshoot doctor --engine live-avatar`` prints where they are
NIGHTSHOOT_DEVICE       ``cuda``, ``cuda:1``, ``cpu``; absent: the first GPU
NIGHTSHOOT_OFFLOAD      what stays in the host's memory until it is needed:
                        ``kv``, ``kv,sink,weights,text``; see ``planning/offload.py``
NIGHTSHOOT_PLACEMENT    how a segment is laid over several GPUs, see
                        ``planning/placement.py``; absent: one GPU
"""

WEIGHTS_VARIABLE = "NIGHTSHOOT_WEIGHTS"
WEIGHTS_ID_VARIABLE = "NIGHTSHOOT_WEIGHTS_ID"
DEVICE_VARIABLE = "NIGHTSHOOT_DEVICE"
OFFLOAD_VARIABLE = "NIGHTSHOOT_OFFLOAD"
PLACEMENT_VARIABLE = "NIGHTSHOOT_PLACEMENT"
