// The year calendar: EventCalendar in the page's strict policy. Dragging a plan asks the house; what it refuses goes back.
(() => {
  const place = document.getElementById("year");
  const said = document.getElementById("calendar-said");
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

  function say(text, wrong) {
    said.textContent = text;
    said.className = `alert ${wrong ? "alert-warning" : "alert-success"}`;
    said.hidden = false;
  }

  // Both sides speak of the clock on the wall, in the zone that the reader has chosen: a moment's own digits, without a zone.
  function wall(moment) {
    const two = (number) => String(number).padStart(2, "0");
    const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-");
    return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
  }

  async function move(info) {
    const url = place.dataset.move.replace("/0/", `/${info.event.id.replace("plan-", "")}/`);
    const answer = await fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": token, Accept: "application/json" },
      body: new URLSearchParams({ begins_at: wall(info.event.start) }),
    });
    const told = await answer.json().catch(() => ({ moved: false, why: place.dataset.failed }));
    if (!told.moved) {
      info.revert();
      say(told.why || place.dataset.failed, true);
    } else {
      say([place.dataset.moved, ...told.conflicts].join(" "), told.conflicts.length > 0);
    }
  }

  // The library calls its grid a table, but builds no rows, which misleads readers of the screen; the same stands in lists below.
  const misleading = "[role=table], [role=row], [role=rowgroup], [role=cell], [role=columnheader], [role=rowheader]";
  const counts = ["aria-colindex", "aria-rowindex", "aria-colcount", "aria-rowcount", "aria-colspan", "aria-rowspan"];
  function plainRoles() {
    for (const part of place.querySelectorAll(misleading)) part.removeAttribute("role");
    for (const name of counts) for (const part of place.querySelectorAll(`[${name}]`)) part.removeAttribute(name);
  }
  new MutationObserver(plainRoles).observe(place, { subtree: true, childList: true, attributeFilter: ["role", ...counts] });

  const narrow = window.matchMedia("(max-width: 700px)").matches;
  EventCalendar.create(place, {
    view: narrow ? "listMonth" : "dayGridMonth",
    firstDay: 1,
    locale: "en-GB",
    height: narrow ? "auto" : "620px",
    dayMaxEvents: true,
    headerToolbar: { start: "prev,next today", center: "title", end: narrow ? "listMonth,listYear" : "dayGridMonth,timeGridWeek,listMonth,listYear" },
    buttonText: (texts) => ({ ...texts, listMonth: narrow ? texts.dayGridMonth : place.dataset.list, listYear: place.dataset.year }),
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    eventSources: [{ url: place.dataset.events }],
    eventStartEditable: true,
    eventDurationEditable: false,
    eventDrop: move,
    eventClick: (info) => {
      if (info.event.extendedProps.url) window.location.assign(info.event.extendedProps.url);
    },
    eventDidMount: (info) => {
      info.el.title = [info.event.title, info.event.extendedProps.detail].filter(Boolean).join(" · ");
    },
  });
})();
