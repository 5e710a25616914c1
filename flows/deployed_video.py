"""The entry point of a video by the name that deployments of earlier releases hold.

Kept, like ``flows/deployed.py``, until no deployment names it: after `nightshoot cluster up`.
"""

from flows.cluster.video_flow import render_video

__all__ = ["render_video"]
