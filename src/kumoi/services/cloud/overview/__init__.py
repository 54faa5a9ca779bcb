"""An overview: what a project has and may have, what happened lately, and what failed."""
