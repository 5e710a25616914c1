"""From a script or a recording to sound on the frame grid."""
