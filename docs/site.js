/* The search runs in a Worker, which browsers refuse to start from a file: there a hidden frame
   runs the same script. */
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.answer = (data) => this.send(this, data);
      this.frame.srcdoc = `<script>postMessage = (data) => frameElement.answer(data)<\/script>
        <script src="${url}"><\/script>`;
      this.loaded = new Promise((resolve) => (this.frame.onload = resolve));
      document.body.append(this.frame);
    }
    postMessage(data) {
      this.loaded.then(() => this.send(this.frame.contentWindow, data));
    }
    // later, and as a copy, as between threads: both sides change what they are given
    send(to, message) {
      const data = structuredClone(message);
      setTimeout(() => to.onmessage?.({ data }));
    }
    terminate() {
      this.frame.remove();
    }
  };
}
