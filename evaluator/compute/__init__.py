"""How kernels are compiled and cached, bytes are scanned, and videos are spread over processes."""
