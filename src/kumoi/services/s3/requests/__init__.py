"""The routes. Parameters say what a request asks, so one route answers several kinds of requests."""
