"""What the user reads: texts and JSON made from plans, events and outcomes. Nothing here decides anything."""
