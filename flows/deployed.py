"""Entry points by the names that deployments of earlier releases hold; the flows live in `cluster`.

A server that was set up before the rooms asks for ``flows.deployed.run_campaign`` and its like for
every run, also for runs that were scheduled long ago. Kept until no deployment names them: after
`nightshoot cluster up`, which renews the names.
"""

from flows.cluster.campaign_flows import retry_failed, run_campaign, sweep

__all__ = ["retry_failed", "run_campaign", "sweep"]
