"""The screen of a deliverable: the presenter, and what lies behind and above."""
