"""What every remote keeps, be it in memory, the demo's or a real host: cases that are run on each of them."""
