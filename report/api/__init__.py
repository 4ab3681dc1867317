"""The report's questions for programs: JSON over HTTP, and tools of an assistant."""
