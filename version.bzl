"""The version of mantlet: of the binary, the packages and the image."""

VERSION = "0.1.0"
