"""The host of S3 (setting `s3_host`), and those of its buckets."""

from urllib.parse import urlsplit

from kumoi.kernel.settings import Settings


def is_own(settings: Settings, host: str) -> bool:
    """Whether it is the host of S3, at which paths begin with a bucket. `host`: as the request has it."""
    return bool(settings.s3_host) and _name(host) == settings.s3_host


def bucket_of(settings: Settings, host: str) -> str:
    """The bucket at whose host the request came; empty: at none's."""
    name, beginning = _name(host), f".{settings.s3_host}"
    return name.removesuffix(beginning) if settings.s3_host and name.endswith(beginning) else ""


def has_own_origin(settings: Settings, host: str) -> bool:
    """Whether a host has nothing but one bucket, so that scripts of its pages reach nothing else."""
    return bool(bucket_of(settings, host)) and _name(host) != urlsplit(settings.base_url).hostname


def _name(host: str) -> str:
    return host.lower().partition(":")[0]
