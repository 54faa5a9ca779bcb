"""nginx's configuration for one cloud, rendered from its settings."""

from pathlib import Path
from string import Template

from kumoi.dashboard import serving
from kumoi.front import refusals
from kumoi.kernel.settings import Folder, Settings

LARGEST_BODY = 2 << 20
"""Bytes. More than the API accepts, so that the API itself refuses slightly larger bodies; kernel/bodies.py relies on
it."""
_UPLOADS = r"^PUT /image/v2/images/[^/]+/(file|stage)/?$"
_OBJECTS = r"^(PUT|POST|DELETE|COPY) /(object-store/v1|s3)/"
"""Method and path of the requests whose bodies are unlimited and streamed. A service with uploads adds them here and
serves them in the streams process. Those of objects are signed in their query at times, so no error shows it."""
_CARRIED = (
    "etag", "last_modified", "x_timestamp", "x_delete_at", "content_encoding", "content_language", "x_robots_tag",
    "content_md5", "content_security_policy", "x_object_meta_mtime", "x_trans_id", "x_openstack_request_id",
    "x_amz_request_id", "x_amz_checksum_crc32",
    "x_amz_checksum_crc32c", "x_amz_checksum_crc64nvme", "x_amz_checksum_sha1", "x_amz_checksum_sha256",
    "x_amz_checksum_type", "x_amz_expiration", "x_amz_tagging_count", "x_object_version_id", "x_amz_version_id",
)  # fmt: skip
"""Headers of an object that the API sets and nginx passes on with the file. nginx drops all others, except a few that it
keeps by itself. The streams send an object that has further ones (`services/object_store/objects/downloads.py`)."""
_LOGINS = r"^POST /identity/v3/(auth/tokens|users/[^/]+/password)/?$"
"""Method and path of the requests that may compute a password hash."""

_DISK = Template("""
        location /_objects/disk-$name/ {
            internal;
            error_log stderr emerg;
            alias $path/files/;
            etag off;
            if_modified_since off;
            default_type "";
            types { }
$carried
            add_header Strict-Transport-Security $$transport_security always;
        }
""")
"""A further disk of the object store."""

NOT_IN_PATHS = " \t\n;{}\"'\\$"
"""Characters that nginx does not accept in a path."""

_CONFIGURATION = Template("""\
# Written by `kumoi up`; changes are overwritten.
daemon off;
# One process, so that what `ps` shows names the data folder; the supervisor starts it again if it dies.
master_process off;
pid $run/nginx.pid;
error_log stderr warn;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    reset_timedout_connection on;
    client_header_timeout 30s;
    client_body_timeout 30s;
    large_client_header_buffers 4 32k;
    client_body_buffer_size 256k;
    client_body_temp_path $scratch/body;
    proxy_temp_path $scratch/proxy;
    fastcgi_temp_path $scratch/fastcgi;
    uwsgi_temp_path $scratch/uwsgi;
    scgi_temp_path $scratch/scgi;

    # one server for each worker
    upstream api { least_conn;$api keepalive 64; }
    upstream streams { server unix:$streams max_fails=0; keepalive 16; }
    # Volatile: an upload that is refused goes on to an error page, which is no upload.
$hosts    map "$$request_method $door$$uri" $$is_upload { volatile; default ""; "~$uploads" 1; "~$signed" objects; }
    map "$$request_method $$uri" $$login_address { default ""; "~$logins" $$binary_remote_addr; }
$zones    map $$scheme $$transport_security { https "max-age=31536000"; default ""; }
    map $$http_upgrade $$connection_kind { default upgrade; "" ""; }
$shapes$asks
    proxy_http_version 1.1;
    proxy_set_header Host $$http_host;
    proxy_set_header Connection "";
    proxy_set_header X-Forwarded-Proto $$scheme;
    proxy_set_header X-Forwarded-For $$remote_addr;
    proxy_set_header X-Forwarded-Host "";
    proxy_set_header Forwarded "";
    proxy_buffer_size 32k;
    proxy_buffers 64 32k;
    proxy_busy_buffers_size 256k;
    proxy_max_temp_file_size 0;
    proxy_connect_timeout 5s;
    proxy_read_timeout 60s;
    # A worker that died is no reason to fail, and a slow answer is none to ask another worker the same.
    proxy_next_upstream error;

    server {
        listen $listen;
$tls$every
$pages
        # Objects, whose requests may be signed in their query.
        location ~ ^/(object-store|s3)(/|$$) {
            error_log stderr emerg;
            proxy_pass http://api;
        }
        location = /healthz { proxy_pass http://api/healthcheck; }
        # The supervisor writes them every half minute; they are this machine's matter.
        location = /metrics {
            allow 127.0.0.1;
            allow ::1;
            deny all;
            default_type "text/plain; version=0.0.4";
            alias $run/metrics;
        }

        # Downloads are sent from the file that the API names.
        location /_images/ {
            internal;
            alias $images/;
            add_header Content-MD5 $$upstream_http_content_md5;
            add_header X-Openstack-Request-Id $$upstream_http_x_openstack_request_id;
            add_header Strict-Transport-Security $$transport_security always;
        }

        # The stream of changes. The API sends a heartbeat every 15 s.
        location = /kumoi/v1/changes {
            proxy_buffering off;
            proxy_pass http://streams;
        }

        # screens of servers, over websockets
        location ~ ^/[^/]+/[^/]+/console$$ {
            # errors are logged with the whole request, whose query opens a screen
            error_log stderr emerg;
            # a browser that is refused is told at once: no other request comes on this connection
            keepalive_timeout 0;
            # a location with headers of its own inherits none
            proxy_set_header Host $$http_host;
            proxy_set_header X-Forwarded-Proto $$scheme;
            proxy_set_header X-Forwarded-For $$remote_addr;
            proxy_set_header X-Forwarded-Host "";
            proxy_set_header Forwarded "";
            proxy_set_header Upgrade $$http_upgrade;
            proxy_set_header Connection $$connection_kind;
            proxy_buffering off;
            proxy_read_timeout 12h;
            proxy_send_timeout 12h;
            proxy_pass http://streams;
        }
        location /novnc/ {
            error_log stderr emerg;
            # The page shows what guests draw; it loads nothing from elsewhere and stands in no foreign frame.
            add_header Content-Security-Policy "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' \
'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' $socket://$$http_host; object-src 'none'; base-uri 'none'; \
frame-ancestors 'self'$origins" always;
            add_header X-Content-Type-Options nosniff always;
            add_header Referrer-Policy no-referrer always;
            add_header Strict-Transport-Security $$transport_security always;
            alias $novnc/;
        }
    }
$buckets}
""")

_EVERY = Template("""\
        # The front takes a body whole before the API sees its request, so that a slow client holds no API thread.
        # The API itself refuses bodies over 1 MiB.
        client_max_body_size $largest;
$limits
        add_header Strict-Transport-Security $$transport_security always;
$errors
        # Uploads go to the streams as they come. The rewrite phase decides, before a location's size limit is checked.
        recursive_error_pages on;
        error_page 418 = @uploads;
        error_page 419 = @object_uploads;
        if ($$is_upload = 1) { return 418; }
        if ($$is_upload = objects) { return 419; }
        location @uploads {
            client_max_body_size 0;
            client_body_timeout 60s;
            proxy_request_buffering off;
            proxy_read_timeout 3600s;
            proxy_send_timeout 3600s;
            proxy_pass http://streams;
        }
        # Errors are logged with the whole request, whose query may be signed.
        location @object_uploads {
            error_log stderr emerg;
            client_max_body_size 0;
            client_body_timeout 60s;
            proxy_request_buffering off;
            proxy_read_timeout 3600s;
            proxy_send_timeout 3600s;
            proxy_pass http://streams$at;
        }
        location /_objects/ {
            internal;
            error_log stderr emerg;
            alias $objects/files/;
            etag off;
            if_modified_since off;
            default_type "";
            types { }
$carried
            add_header Strict-Transport-Security $$transport_security always;
        }
$disks
        location @object_streams {
            error_log stderr emerg;
            proxy_read_timeout 3600s;
            proxy_send_timeout 3600s;
            proxy_pass http://streams$at;
        }
""")
"""Of each server. `at`: the variables that say what the API sees of the path, if that is not the path."""

_S3 = "/s3"
_HOSTS = Template("""\
    # At the host of S3, and at those of its buckets, paths begin below /s3.
    map $$host $$door { default ""; "$host" /s3; "~^(?<of_bucket>.+)\\.$escaped$$" /s3/$$of_bucket; }
""")

_BUCKETS = Template("""\
    server {
        listen $listen;
        server_name $host *.$host;
        error_log stderr emerg;
$tls$every
        location / { proxy_pass http://api$$door$$request_uri; }
    }
""")


def render(folder: Folder, settings: Settings, novnc: Path) -> str:
    """The text of nginx.conf. `novnc`: the folder of noVNC's static files; ValueError when a path cannot be written."""
    sockets = [folder.api_socket(number) for number in range(settings.api_workers)]
    paths = {
        "run": folder.run,
        "scratch": folder.run / "front",
        "streams": folder.streams_socket,
        "images": folder.images,
        "objects": folder.objects,
        "novnc": novnc,
        "dashboard": serving.folder_of(folder),
    }
    for name, path in {**paths, **settings.disks_of_objects}.items():
        if any(character in str(path) for character in NOT_IN_PATHS):
            raise ValueError(f"{name}: {path} contains a space or a character that nginx does not accept in a path")
    address = f"[{settings.address}]" if ":" in settings.address else settings.address
    secure, host = bool(settings.tls_certificate), settings.s3_host
    named = {"host": host, "escaped": host.replace(".", r"\."), "tls": _tls(folder) if secure else ""}
    named["listen"] = f"{address}:{settings.port}{' ssl' if secure else ''}"
    buckets = _BUCKETS.substitute(named, every=_every(folder, settings, "$door$request_uri"))
    return _CONFIGURATION.substitute(
        paths,
        api="".join(f" server unix:{socket} max_fails=0;" for socket in sockets),
        listen=named["listen"],
        tls=named["tls"],
        every=_every(folder, settings, ""),
        hosts=_HOSTS.substitute(named) if host else "",
        door="$door" if host else "",
        buckets=buckets if host else "",
        uploads=_UPLOADS,
        signed=_OBJECTS,
        socket="wss" if settings.base_url.startswith("https:") else "ws",
        origins="".join(f" {origin}" for origin in settings.console_origins.split()),
        logins=_LOGINS,
        zones="".join(zone for zone, _ in _limits(settings)),
        shapes=refusals.maps("$door" if host else "", _S3),
        asks=serving.maps(),
        pages=serving.locations(folder),
    )


def _every(folder: Folder, settings: Settings, at: str) -> str:
    carried = "\n".join(
        f"            add_header {name.replace('_', '-').title()} $upstream_http_{name};" for name in _CARRIED
    )
    return _EVERY.substitute(
        at=at,
        objects=folder.objects,
        largest=LARGEST_BODY,
        carried=carried,
        disks="".join(
            _DISK.substitute(name=name, path=path, carried=carried) for name, path in settings.disks_of_objects.items()
        ),
        limits="".join(limit for _, limit in _limits(settings)),
        errors=refusals.locations(),
    )


def _limits(settings: Settings) -> list[tuple[str, str]]:
    """The zone and the limit of each setting that is not zero. A burst of two seconds passes at once."""
    found = []
    if count := settings.connections_per_address:
        zone = "    limit_conn_zone $binary_remote_addr zone=connections:4m;\n    limit_conn_status 429;\n"
        found.append((zone, f"        limit_conn connections {count};\n"))
    rates = {
        "requests": ("$binary_remote_addr", settings.requests_per_address),
        "logins": ("$login_address", settings.logins_per_address),
    }
    for name, (key, rate) in rates.items():
        if rate:
            zone = f"    limit_req_zone {key} zone={name}:4m rate={rate}r/s;\n"
            found.append((zone, f"        limit_req zone={name} burst={2 * rate} nodelay;\n"))
    return [*found, ("    limit_req_status 429;\n    limit_req_log_level warn;\n    limit_conn_log_level warn;\n", "")]


def certificate(folder: Folder) -> Path:
    """Where `kumoi up` stores a copy of the certificate chain that nginx's user can read, with the key beside it."""
    return folder.keys / "tls.crt"


def key(folder: Folder) -> Path:
    return folder.keys / "tls.key"


def _tls(folder: Folder) -> str:
    return (
        f"        ssl_certificate {certificate(folder)};\n        ssl_certificate_key {key(folder)};\n"
        "        ssl_protocols TLSv1.2 TLSv1.3;\n        ssl_session_cache shared:tls:4m;\n"
    )
