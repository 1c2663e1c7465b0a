"""The oven's controller reports degrees Fahrenheit, and nonsense when its thermocouple is torn."""

COLDEST, HOTTEST = 0, 500  # degrees Celsius that this oven can have


def process(event):
    """Turn the temperature into degrees Celsius; drop a reading that cannot be true by returning None."""
    measured = event.get("temperature")
    if measured is None:  # a message about the door only
        return event
    celsius = round((measured - 32) * 5 / 9, 1)
    if not COLDEST <= celsius <= HOTTEST:
        return None
    return {**event, "temperature": celsius}
