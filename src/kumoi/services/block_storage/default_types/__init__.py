"""Default types: a project's volume type for requests without a type."""
