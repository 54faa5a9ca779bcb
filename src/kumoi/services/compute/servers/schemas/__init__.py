"""Shapes of servers: docs.openstack.org/api-ref/compute/#servers-servers."""
