"""Helpers of the integration tests: certificates, the proxy under test, peers on both sides."""
