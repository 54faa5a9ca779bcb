"""Events: the history of the cloud, in order."""
