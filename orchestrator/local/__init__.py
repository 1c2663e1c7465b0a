"""The embedded cloud: AWS on this machine's loopback, and a stand-in for the clouds on the other side."""
