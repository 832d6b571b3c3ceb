"""The driver behind tools/bench; ../README.md tells what it does."""
