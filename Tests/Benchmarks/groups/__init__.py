"""Each module is a group of measurements: `measure()` yields its rows."""
