"""Default types: the volume type of a project for which none is asked."""
