// Browsers start no worker for a page that was opened from the file system. There, this one runs in a hidden frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.onmessage = this.onerror = null
      this.waiting = []
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.setAttribute("aria-hidden", "true")
      document.body.append(this.frame)
      const inside = this.frame.contentWindow
      inside.postMessage = data => setTimeout(() => this.tell(new MessageEvent("message", { data })))
      const script = this.frame.contentDocument.createElement("script")
      script.onload = () => {
        this.waiting.forEach(data => this.deliver(data))
        this.waiting = null
      }
      script.src = url
      this.frame.contentDocument.body.append(script)
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data)
      else this.deliver(data)
    }

    terminate() {
      this.frame.remove()
    }

    deliver(data) {
      const inside = this.frame.contentWindow
      if (inside) inside.dispatchEvent(new inside.MessageEvent("message", { data }))
    }

    tell(event) {
      this.dispatchEvent(event)
      if (this.onmessage) this.onmessage(event)
    }
  }
}
