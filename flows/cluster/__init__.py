"""The dispatcher of many machines: what runs on work pools during a night."""
