"""What surrounds every request, as plain ASGI: identity, headers, hosts, body bounds."""
