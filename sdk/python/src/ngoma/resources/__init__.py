"""What a service may ask the engine for, one file each. A refusal raises `ResourceError`."""
