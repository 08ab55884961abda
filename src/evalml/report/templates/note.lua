-- Numbers the captions of tables and figures where the format does not (HTML, DOCX), carries the
-- alternative texts to typst, swaps SVG for PNG in DOCX, and draws the boxes in typst.
local words = { figure = "Figure", table = "Table" }
local counts = { figure = 0, table = 0 }
local numbered = FORMAT:match("html") or FORMAT:match("docx")

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

local function number_caption(block, kind)
  counts[kind] = counts[kind] + 1
  if not numbered or #block.caption.long == 0 then return end
  local first = block.caption.long[1]
  local label = words[kind] .. "\u{00A0}" .. counts[kind] .. "\u{00A0}– "
  if first.content then first.content:insert(1, pandoc.Str(label)) end
end

local function typst_image(image)
  local alt = image.attributes.alt or pandoc.utils.stringify(image.caption)
  return pandoc.RawInline("typst",
    "#image(" .. quoted(image.src) .. ", width: 100%, alt: " .. quoted(alt) .. ")")
end

local function image_of(image)
  if FORMAT:match("typst") then return typst_image(image) end
  if FORMAT:match("docx") then
    image.src = image.src:gsub("%.svg$", ".png")
    local alt = image.attributes.alt
    if alt then image.caption = { pandoc.Str(alt) } end
    if not image.src:match("headline") then image.attributes.width = "82%" end
  end
  return image
end

local function box_of(div)
  local name = div.classes[1]
  if FORMAT:match("typst") and (name == "answer" or name == "stamp" or name == "imprint") then
    local blocks = pandoc.Blocks({ pandoc.RawBlock("typst", "#" .. name .. "-box[") })
    blocks:extend(div.content)
    blocks:insert(pandoc.RawBlock("typst", "]"))
    return blocks
  end
  return nil
end

-- A short table stays on one page; on a narrow screen a table scrolls, by keyboard too.
local function whole(block)
  if FORMAT:match("html") then
    local label = pandoc.utils.stringify(block.caption.long)
    -- A list of pairs keeps its order: a table by name would change from run to run.
    local attributes = { { "role", "region" }, { "tabindex", "0" }, { "aria-label", label } }
    return pandoc.Div({ block }, pandoc.Attr("", { "table-frame" }, attributes))
  end
  if not FORMAT:match("typst") or #block.bodies[1].body > 12 then return block end
  return { pandoc.RawBlock("typst", "#block(breakable: false, width: 100%)["), block,
           pandoc.RawBlock("typst", "]") }
end

return {
  { Meta = function(meta)
      if meta["figure-word"] then words.figure = pandoc.utils.stringify(meta["figure-word"]) end
      if meta["table-word"] then words.table = pandoc.utils.stringify(meta["table-word"]) end
    end },
  { Header = function(header)
      if not header.classes:includes("page") then return nil end
      if FORMAT:match("typst") then
        return { pandoc.RawBlock("typst", "#pagebreak(weak: true)"), header }
      elseif FORMAT:match("docx") then
        local page = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
        return { pandoc.RawBlock("openxml", page), header }
      end
    end,
    Figure = function(block) number_caption(block, "figure") return block end,
    Table = function(block) number_caption(block, "table") return whole(block) end },
  -- A number leads to its cell where the annex is a page; elsewhere the annex names the cell.
  { Image = image_of, Div = box_of,
    Link = function(link)
      if link.classes:includes("cell") and not FORMAT:match("html") then return link.content end
    end },
}
