"""What people open in a browser (the site, reports), opened in one: headless Chromium, where the machine has it."""
