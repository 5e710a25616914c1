"""What every worker of Nightshoot does beside running flows: it tells its release, and drains. And the process of a run."""
