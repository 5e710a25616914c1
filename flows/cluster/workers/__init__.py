"""What every worker of Nightshoot does beside running flows: it tells its release, and drains."""
