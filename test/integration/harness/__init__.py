"""What the integration tests share: certificates, the proxy under test, peers on both sides."""
