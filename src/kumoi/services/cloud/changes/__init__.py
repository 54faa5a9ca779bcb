"""Changes: a live stream of what changed among the resources that the caller may see."""
