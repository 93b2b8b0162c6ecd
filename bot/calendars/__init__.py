"""The door to calendars: feeds that people subscribe to, and calendars that say who is on call."""
