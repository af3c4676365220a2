// What a page can do beside being read: filter its checks, unfold everything for the printer. Without scripts it is
// whole, and the filter is not shown.
(() => {
  const form = document.querySelector('form.filter');
  const subjects = [...document.querySelectorAll('details.subject')];
  if (form && subjects.length > 0) {
    const first = subjects.map((one) => one.open);
    const shown = form.querySelector('.shown');
    const total = document.querySelectorAll('details.subject tr[data-result]').length;
    const apply = () => {
      const data = new FormData(form);
      const result = data.get('result');
      const words = String(data.get('text')).toLowerCase().split(/\s+/).filter(Boolean);
      const isAll = result === 'all' && words.length === 0;
      let count = 0;
      subjects.forEach((subject, at) => {
        const name = subject.querySelector('.name').textContent.toLowerCase();
        let left = 0;
        for (const row of subject.querySelectorAll('tr[data-result]')) {
          const text = name + ' ' + row.textContent.toLowerCase();
          const fits = (result === 'all' || row.dataset.result === result) && words.every((word) => text.includes(word));
          row.hidden = !fits;
          if (fits) left += 1;
        }
        subject.hidden = left === 0;
        subject.open = isAll ? first[at] : left > 0;
        count += left;
      });
      for (const fold of document.querySelectorAll('details.fold')) {
        const left = fold.querySelectorAll('details.subject:not([hidden])').length;
        fold.hidden = left === 0;
        fold.open = !isAll && left > 0;
      }
      shown.textContent = isAll ? '' : count + ' of ' + total + ' checks';
    };
    form.hidden = false;
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('input', apply);
    apply();
  }
  const scrollers = [...document.querySelectorAll('.scroll')];
  const reach = () => {
    for (const one of scrollers)
      if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
      else one.removeAttribute('tabindex');
  };
  addEventListener('resize', reach);
  document.addEventListener('toggle', reach, true);
  reach();
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('details:not([open])')];
    for (const one of closed) one.open = true;
  });
  addEventListener('afterprint', () => {
    for (const one of closed) one.open = false;
  });
})();
