"""Router interfaces: ports by which routers are on networks."""
