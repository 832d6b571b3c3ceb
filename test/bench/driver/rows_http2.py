"""The rows about HTTP/2: CPU time per request of many streams, beside all peers that speak it."""

from .results import Goal
from .rows_load import load_row, run_load
from .servers import Settings

HTTP2 = Settings(http2=True)
H2C = Settings(http2=True, h2c=True)

# id -> what to do.
LOADS = dict([
    load_row("h2_get", "HTTP/2 GET, 100-byte answer, 32 connections × 10 streams",
             ["--connections=32", "--streams=10"], Goal(ratio=0.75), HTTP2),
    load_row("h2_get_h2c", "the same, h2c upstream",
             ["--connections=32", "--streams=10"], Goal(ratio=0.75), H2C),
    load_row("h2_grpc", "unary gRPC, 100 bytes each way, h2c upstream, 8 connections × 32 streams",
             ["--connections=8", "--streams=32", "--grpc", "--upload=100", "--path=/grpc"], Goal(ratio=0.75), H2C),
    load_row("h2_download", "1 MiB download over HTTP/2, 8 connections × 1 stream",
             ["--connections=8", "--streams=1", "--path=/1m"], Goal(ratio=0.90), HTTP2),
    load_row("h2_upload", "1 MiB upload over HTTP/2, 8 connections × 1 stream",
             ["--connections=8", "--streams=1", "--upload=1048576"], Goal(ratio=0.90), HTTP2),
])


def run(bench, row_id):
    return run_load(bench, row_id, LOADS[row_id], bench.http2_names)
