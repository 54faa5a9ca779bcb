"""The catalogue: services, their endpoints, regions."""
