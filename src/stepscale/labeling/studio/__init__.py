"""The bridge to Label Studio: samples out as tasks, annotations back as PRM800K records."""
