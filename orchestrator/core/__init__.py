"""The pure part: names, configuration and the plan. It never reaches AWS, and runs in tasks as on a laptop."""
