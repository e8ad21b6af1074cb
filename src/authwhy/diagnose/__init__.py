"""Ring 3: the engine of explain. Named diagnose, because a subpackage called explain would shadow the function."""
