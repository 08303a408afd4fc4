"""What the user reads: texts and JSON made of plans, events and outcomes. Nothing here decides anything."""
