#!/bin/sh
# Runs json_schema_test.py with the system's Python, whose validator comes from a Debian package.
exec /usr/bin/python3 test/config/loader/json_schema_test.py
