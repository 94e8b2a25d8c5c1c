// What was dropped on the page or chosen in a dialog, as files with the paths that they have in it.

const SENT_AS_IT_IS = /\.(zip|csv|npz)$/i;
const LONGEST_TITLE = 100; // letters

const megabytes = (bytes) => `${Math.ceil(bytes / 2 ** 20)} MB`;
const isHidden = (path) => path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");

/** Read what a drop holds: its folders are walked. To be called while the event is told of: later it holds nothing. */
export function fromDrop(transfer) {
  const found = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  return async (collect) => {
    for (const each of found) await walk(each, "", collect);
  };
}

/** Have a view take a file, wherever on the page it is dropped while the view is there. */
export function onDrop(view, take) {
  const here = (event) => view.isConnected && event.dataTransfer.types.includes("Files");
  addEventListener("dragover", (event) => here(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!here(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
}

/** Read what was chosen in a file dialog, of files or of a folder. */
export function fromDialog(files) {
  const found = [...files];
  return async (collect) => {
    for (const file of found) collect(file.webkitRelativePath || file.name, file);
  };
}

async function walk(entry, folder, collect) {
  if (entry instanceof File) {
    collect(entry.name, entry);
    return;
  }
  const path = folder + entry.name;
  if (isHidden(path)) return;
  if (entry.isFile) {
    collect(path, await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!some.length) return;
    await Promise.all(some.map((each) => walk(each, `${path}/`, collect)));
  }
}

/**
 * Gather files: { title, sent, files, single }. `title` is what its user calls all of it, `sent` the name of the file that is
 * sent for it, `single` that file where it is sent as it is.
 *
 * `read` is what fromDrop or fromDialog gave; `progress(number)` hears how many there are. Rejects if there are none, or
 * as soon as they have more than `most` bytes.
 */
export async function gather(read, { most, progress, signal }) {
  const files = [];
  let size = 0;
  await read((path, file) => {
    signal.throwIfAborted();
    if (isHidden(path)) return;
    files.push({ path, file });
    size += file.size;
    if (size > most) {
      throw new Error(`There are ${megabytes(size)} or more, and ${megabytes(most)} at most can be sent. Make the pictures smaller, 28 pixels a side are kept of them, or leave some out.`);
    }
    progress(files.length);
  });
  if (!files.length) throw new Error("There are no files in it. Drop a folder of pictures, or a file.");
  const tops = new Set(files.map(({ path }) => path.split("/")[0]));
  const [top] = tops;
  const single = files.length === 1 && SENT_AS_IT_IS.test(files[0].path) ? files[0].file : null;
  const title = tops.size === 1 ? top.slice(0, LONGEST_TITLE) : "pictures";
  return { title: single?.name ?? title, sent: single?.name ?? `${title}.zip`, files, single };
}
