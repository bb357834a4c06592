// Choosing a picture of the media library, or uploading one.
import { make, t } from "./words.js";

export function pickPicture(urls, csrf, media) {
  return new Promise((resolve) => {
    let chosen = null;
    const grid = make("div", { class: "content-grid", role: "list" });
    const said = make("p", { class: "text-danger", role: "alert" });
    const file = make("input", { type: "file", class: "form-control", id: "picker-file", accept: "image/png,image/jpeg,image/gif,image/webp" });
    const alt = make("input", { class: "form-control", id: "picker-alt", maxlength: "300" });
    const send = make("button", { type: "button", class: "btn", onclick: upload }, t("Upload"));
    const dialog = make("dialog", { class: "house content-picker", "aria-label": t("Choose a picture") },
      make("h2", { class: "h3" }, t("Choose a picture")), grid,
      make("h3", { class: "h4 mt-3" }, t("Or upload one")), said,
      make("label", { class: "form-label", for: "picker-file" }, t("PNG, JPEG, GIF or WebP, up to 8 MB")), file,
      make("label", { class: "form-label mt-2", for: "picker-alt" }, t("What does it show?")), alt,
      make("div", { class: "mt-3 d-flex gap-2" }, send, make("button", { type: "button", class: "btn", onclick: () => dialog.close() }, t("Cancel"))));

    function take(picture) {
      chosen = picture;
      dialog.close();
    }

    function offer(picture) {
      const image = make("img", { src: new URL(media).pathname + picture.file, alt: picture.alt || "", loading: "lazy" });
      return make("div", { role: "listitem" }, make("button", { type: "button", class: "content-offer", onclick: () => take(picture) }, image, make("span", {}, picture.name)));
    }

    async function fill() {
      const answer = await fetch(urls.pictures).then((response) => response.json());
      grid.replaceChildren(...answer.pictures.map(offer));
      if (!answer.pictures.length) grid.replaceChildren(make("p", { class: "text-secondary" }, t("The library is empty.")));
    }

    async function upload() {
      if (!file.files.length) return;
      const form = new FormData();
      form.append("file", file.files[0]);
      form.append("alt", alt.value);
      const response = await fetch(urls.upload, { method: "POST", body: form, headers: { Accept: "application/json", "X-CSRFToken": csrf } });
      const answer = await response.json();
      if (response.ok) take(answer);
      else said.textContent = `${answer.what} ${answer.todo}`;
    }

    dialog.addEventListener("close", () => { dialog.remove(); resolve(chosen); });
    document.body.append(dialog);
    fill();
    dialog.showModal();
  });
}
