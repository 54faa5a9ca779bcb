"""OpenStack's own tests against a cloud that is started for them: `make conformance SUITE=tempest.api.volume`."""
