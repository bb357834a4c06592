// The preview: a form that is sent into a frame in which nothing can run. Sent again whenever something has been saved.
export function startPreview() {
  const form = document.getElementById("preview-form");
  if (!form) return { show: () => {} };
  const who = form.elements.who;
  const frame = document.querySelector(".content-preview");

  function show() {
    if (who.value === "key" && !form.elements.key.value.trim()) return;
    form.submit();
  }

  function changed() {
    form.querySelector("[data-preview-key]").hidden = who.value !== "key";
    frame.classList.toggle("is-mobile", form.elements.device.value === "mobile");
    show();
  }

  who.addEventListener("change", changed);
  form.elements.device.addEventListener("change", changed);
  form.elements.key.addEventListener("change", show);
  return { show };
}

if (!document.querySelector("[data-editor]")) startPreview().show();
