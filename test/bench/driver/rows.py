"""All rows, in the order of the table."""

from . import rows_http2, rows_load, rows_mantlet, rows_memory, rows_scale

# id -> function(bench, id) that returns a Row or several.
ROWS = {
    **{row_id: rows_load.run for row_id in rows_load.LOADS},
    **{row_id: rows_load.run_default for row_id in rows_load.DEFAULTS},
    "memory": rows_memory.run,
    **{row_id: rows_http2.run for row_id in rows_http2.LOADS},
    "h2_memory": rows_memory.run_http2,
    "p99": rows_load.run_p99,
    "workers": rows_mantlet.run_workers,
    "reload": rows_mantlet.run_reload,
    "start": rows_mantlet.run_start,
    **{f"scale_{what}": rows_scale.run for what in rows_scale.SCALES},
}
