"""What every worker of Nightshoot does beside running flows, and the process of a run."""
